import { getEventListeners } from 'node:events';
import { keepLease, type Lease } from '../../../src/processing/slice-lease.js';
import { waitFor } from '../../support/wait-for.js';
import { Workbench } from './workbench.js';

const LEASE = 30_000;

describe('keepLease', () => {
  let aborting: AbortController;
  let answers: (boolean | Error)[];
  let renewals: number;
  let lease: Lease;

  beforeEach(() => {
    jest.useFakeTimers();
    aborting = new AbortController();
    answers = [];
    renewals = 0;
    lease = keepLease(renew, LEASE, aborting.signal);
  });
  afterEach(() => {
    lease.end();
    jest.useRealTimers();
  });

  async function renew(): Promise<boolean> {
    renewals += 1;
    const answer = answers.shift() ?? true;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  it('renews three times as often as it would have to', async () => {
    await jest.advanceTimersByTimeAsync(LEASE);
    expect(renewals).toBe(3);
    expect(lease.lost.aborted).toBe(false);
  });

  it('is lost when the database says so', async () => {
    answers = [true, false];
    await jest.advanceTimersByTimeAsync(LEASE);
    expect(lease.lost.aborted).toBe(true);
  });

  it('is not lost when the database does not answer', async () => {
    answers = Array.from({ length: 10 }, () => new Error('connection refused'));
    await jest.advanceTimersByTimeAsync(3 * LEASE);
    expect(lease.lost.aborted).toBe(false);
  });

  it('is lost when the process has to end, for that reason', () => {
    aborting.abort(new Error('the time is over'));
    expect(lease.lost.reason).toBe(aborting.signal.reason);
  });

  it('is not renewed after its end, what still works under it is aborted, and nothing listens any more', async () => {
    lease.end();
    await jest.advanceTimersByTimeAsync(LEASE);
    expect(renewals).toBe(0);
    expect(lease.lost.aborted).toBe(true);
    expect(getEventListeners(aborting.signal, 'abort')).toEqual([]);
  });
});

describe('a lease in the database', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await Workbench.open({ LEASE: '1s' });
  });
  afterAll(() => bench.close());

  it('keeps the slice from the reconciler as long as it is renewed', async () => {
    const slice = await bench.begunRequest(1);
    const lease = keepLease(
      () => bench.slices.renewLease(slice),
      bench.env.leaseMs,
      new AbortController().signal,
    );
    const [first] = await bench.sliceRows(slice.requestId);
    await waitFor('a moment when the first lease would be over', async () => {
      const [row] = await bench.rows<{ over: boolean }>('SELECT now() > $1 AS over', [first!.leaseUntil]);
      return row!.over;
    });
    expect(await bench.reconcilerRepository.takeBackExpired()).toEqual([]);

    await bench.change(slice.requestId, 'slice', 'pass = 2');
    await waitFor('the loss of the lease', async () => lease.lost.aborted);
    lease.end();
  });
});
