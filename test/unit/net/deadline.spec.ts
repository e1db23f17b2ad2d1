import { Deadline } from '../../../src/net/deadline.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('Deadline', () => {
  it('aborts with a timeout when the time is over, not before', () => {
    const deadline = new Deadline(1000);
    jest.advanceTimersByTime(999);
    expect(deadline.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(deadline.signal.reason).toMatchObject({ code: 'timeout' });
  });

  it('stands still while it is paused, and goes on with what was left', () => {
    const deadline = new Deadline(1000);
    jest.advanceTimersByTime(600);
    deadline.pause();
    jest.advanceTimersByTime(60_000);
    deadline.resume();
    jest.advanceTimersByTime(399);
    expect(deadline.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("aborts with the caller's signal, also while it is paused, and keeps its reason", () => {
    const caller = new AbortController();
    const deadline = new Deadline(1000, caller.signal);
    deadline.pause();
    const reason = new Error('the process stops');
    caller.abort(reason);
    expect(deadline.signal.reason).toMatchObject({ code: 'aborted', cause: reason });
  });

  it('is over at once when the signal was aborted before', () => {
    expect(new Deadline(1000, AbortSignal.abort()).signal.reason).toMatchObject({ code: 'aborted' });
  });

  it('limits work that does not heed the signal', async () => {
    const deadline = new Deadline(1000);
    const limited = deadline.limit(new Promise(() => {}));
    jest.advanceTimersByTime(1000);
    await expect(limited).rejects.toMatchObject({ code: 'timeout' });
    await expect(deadline.limit(new Promise(() => {}))).rejects.toMatchObject({ code: 'timeout' });
  });

  it('leaves no timer behind', () => {
    const deadline = new Deadline(1000);
    deadline.end();
    expect(jest.getTimerCount()).toBe(0);
  });
});
