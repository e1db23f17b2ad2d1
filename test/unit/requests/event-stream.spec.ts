import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { EventStream } from '../../../src/requests/event-stream.js';
import type { ProgressSnapshot } from '../../../src/requests/progress-snapshot.js';

const snapshot = (state: string, terminal = false): ProgressSnapshot => ({
  state,
  events: `data: ${state}\n\n`,
  terminal,
});

/** Until everything that can flow has done so. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await setImmediate();
}

/** What somebody who takes everything at once has read. */
function read(stream: Readable): string[] {
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return chunks;
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

describe('the stream of a listener', () => {
  it('begins with the time to wait before coming back, and ends after a terminal snapshot', async () => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    const all = text(stream);
    await settle();
    stream.show(snapshot('b'));
    await settle();
    stream.show(snapshot('c', true));
    expect(await all).toBe('retry: 3000\ndata: a\n\ndata: b\n\ndata: c\n\n');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends after ten minutes, for its reader to come back with a key that is still valid', async () => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    const all = text(stream);
    for (let beat = 1; beat <= 40; beat += 1) {
      await settle();
      expect(stream.readableEnded).toBe(false);
      jest.advanceTimersByTime(15_000);
    }
    expect(await all).toMatch(/^retry: 3000\ndata: a\n\n(?::\n\n){39}$/);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not tell the same again, nor anything after its end', async () => {
    const stream = new EventStream();
    const all = text(stream);
    for (const one of [snapshot('a'), snapshot('a'), snapshot('b', true), snapshot('c')]) {
      stream.show(one);
      await settle();
    }
    expect(await all).toBe('retry: 3000\ndata: a\n\ndata: b\n\n');
  });

  it('gives a slow reader the latest, when he has read what was before', async () => {
    const stream = new EventStream();
    // It takes one chunk, and no more until it is read itself.
    const connection = stream.pipe(new PassThrough({ highWaterMark: 1 }));
    for (let n = 0; n < 100; n += 1) {
      stream.show(snapshot(String(n)));
      await settle();
    }
    expect(stream.readableLength).toBeLessThan(100);
    stream.show(snapshot('last', true));
    const chunks = read(connection);
    await once(connection, 'end');
    expect(chunks[0]).toBe('retry: 3000\ndata: 0\n\n');
    expect(chunks.at(-1)).toBe('data: last\n\n');
    expect(chunks.length).toBeLessThan(6);
  });

  it('ends without another word when it is finished', async () => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    const all = text(stream);
    stream.finish();
    stream.finish();
    expect(await all).toBe('retry: 3000\ndata: a\n\n');
  });

  it.each([
    ['ends', 'not yet', false],
    ['ends', 'at once', false],
    ['breaks off', 'slowly', true],
  ])('%s when it is stopped and read %s', async (_, how, brokenOff) => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    const chunks = how === 'at once' ? read(stream) : [];
    if (how === 'slowly') stream.pipe(new PassThrough({ highWaterMark: 1 }));
    await settle();
    stream.show(snapshot('b'));
    await settle();
    stream.show(snapshot('c'));
    stream.stop();
    if (how === 'not yet') chunks.push(await text(stream));
    await settle();
    expect(stream.destroyed).toBe(true);
    expect(stream.readableEnded).toBe(!brokenOff);
    expect(chunks.join('').endsWith('data: c\n\n')).toBe(!brokenOff);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('its heartbeat', () => {
  it('is a comment every 15 seconds in which nothing else needs to be said', async () => {
    const stream = new EventStream();
    const chunks = read(stream);
    stream.show(snapshot('a'));
    await settle();
    jest.advanceTimersByTime(14_999);
    await settle();
    expect(chunks).toEqual(['retry: 3000\ndata: a\n\n']);
    for (let n = 0; n < 3; n += 1) {
      jest.advanceTimersByTime(15_000);
      await settle();
    }
    expect(chunks.slice(1)).toEqual([':\n\n', ':\n\n', ':\n\n']);
    stream.destroy();
  });

  it('does not take the place of what waits', async () => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    jest.advanceTimersByTime(15_000);
    stream.finish();
    expect(await text(stream)).toBe('retry: 3000\ndata: a\n\n');
  });

  it('is not sent after the end', async () => {
    const stream = new EventStream();
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    stream.show(snapshot('a', true));
    const connection = stream.pipe(new PassThrough({ highWaterMark: 1 }));
    await settle();
    jest.advanceTimersByTime(15_000);
    expect(await text(connection)).toBe('retry: 3000\ndata: a\n\n');
    expect(errors).toEqual([]);
  });

  it('drops a reader who takes nothing between two of them, though there is something', async () => {
    const stream = new EventStream();
    stream.show(snapshot('a'));
    stream.pipe(new PassThrough({ highWaterMark: 1 }));
    await settle();
    for (const state of ['b', 'c', 'd']) {
      stream.show(snapshot(state));
      await settle();
    }
    jest.advanceTimersByTime(15_000);
    expect(stream.destroyed).toBe(false);
    jest.advanceTimersByTime(15_000);
    expect(stream.destroyed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves a reader who takes something, however slowly', async () => {
    const stream = new EventStream();
    const connection = stream.pipe(new PassThrough({ highWaterMark: 1 }));
    for (let n = 0; n < 10; n += 1) {
      stream.show(snapshot(`${n}-1`));
      await settle();
      stream.show(snapshot(`${n}-2`));
      jest.advanceTimersByTime(15_000);
      connection.read();
      await settle();
    }
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });
});
