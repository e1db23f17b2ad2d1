import { Logger } from '@nestjs/common';
import { OutputStore } from '../../../src/processing/output-store.js';
import { ObjectStorage } from '../../../src/storage/object-storage.js';

/** A storage as far away as a file server: each call waits until the test has it end. */
class FarStorage extends ObjectStorage {
  readonly keys = new Set<string>();
  readonly puts: { end: () => void; fail: (error: Error) => void }[] = [];
  readonly checks: { end: () => void; fail: (error: Error) => void }[] = [];

  async put(key: string): Promise<void> {
    await waiting(this.puts);
    this.keys.add(key);
  }
  async delete(key: string): Promise<void> {
    this.keys.delete(key);
  }
  async deletePrefix(): Promise<void> {
    this.keys.clear();
  }
  async keysBetween(): Promise<string[]> {
    return [...this.keys];
  }
  urlFor(key: string): string {
    return key;
  }
  async freeBytes(): Promise<undefined> {
    return undefined;
  }
  check(): Promise<void> {
    return waiting(this.checks);
  }
}

const waiting = (calls: FarStorage['puts']): Promise<void> =>
  new Promise((end, fail) => void calls.push({ end, fail }));

const KEY = 'a-key';
const MINUTE = 60_000;
let storage: FarStorage;
let outputs: OutputStore;

beforeEach(() => {
  Logger.overrideLogger(false);
  jest.useFakeTimers();
  storage = new FarStorage();
  outputs = new OutputStore(storage);
});
afterEach(() => {
  jest.useRealTimers();
  Logger.overrideLogger(['log', 'warn', 'error']);
});

/** What came of it: true, false or the code of the error; undefined as long as nothing has. */
function put(): { outcome?: unknown } {
  const seen: { outcome?: unknown } = {};
  void outputs.put(KEY, Buffer.from('x'), 'image/jpeg').then(
    (stored) => (seen.outcome = stored),
    (error: { code: string }) => (seen.outcome = error.code),
  );
  return seen;
}

/** Lets everything happen that does not wait for the time. */
const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

it('takes its time, up to a minute', async () => {
  const seen = put();
  await jest.advanceTimersByTimeAsync(MINUTE - 1);
  expect(seen.outcome).toBeUndefined();
  storage.puts[0]!.end();
  await settle();
  expect(seen.outcome).toBe(true);
  expect(storage.keys).toEqual(new Set([KEY]));
});

it('is storage_failed when this object hangs and the storage is well', async () => {
  const seen = put();
  await jest.advanceTimersByTimeAsync(MINUTE);
  storage.checks[0]!.end();
  await settle();
  expect(seen.outcome).toBe('storage_failed');
});

it('is no fault of the object when the storage refuses everything, or hangs', async () => {
  const [refused, hung] = [put(), put()];
  storage.puts[0]!.fail(new Error('read-only'));
  await settle();
  storage.checks[0]!.fail(new Error('read-only'));
  await settle();
  expect(refused.outcome).toBe(false);
  await jest.advanceTimersByTimeAsync(MINUTE);
  expect(hung.outcome).toBeUndefined();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(hung.outcome).toBe(false);
});

it('removes an object that comes after its time: no row names it', async () => {
  put();
  await jest.advanceTimersByTimeAsync(MINUTE);
  storage.puts[0]!.end();
  await settle();
  expect(storage.keys).toEqual(new Set());
});

it('is away for as long as a write hangs and a check does not succeed, which is asked once for all', async () => {
  expect(await outputs.isAway()).toBe(false);
  put();
  await jest.advanceTimersByTimeAsync(MINUTE);
  const answers = Promise.all([outputs.isAway(), outputs.isAway(), outputs.isAway()]);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(await answers).toEqual([true, true, true]);
  expect(storage.checks).toHaveLength(1);

  storage.checks[0]!.end();
  await settle();
  const back = outputs.isAway();
  storage.checks[1]!.end();
  expect(await back).toBe(false);
  storage.puts[0]!.end();
  await settle();
  expect(await outputs.isAway()).toBe(false);
  expect(storage.checks).toHaveLength(2);
});

it('is away after it refused everything, until a check succeeds', async () => {
  put();
  storage.puts[0]!.fail(new Error('read-only'));
  await settle();
  storage.checks[0]!.fail(new Error('read-only'));
  await settle();
  const still = outputs.isAway();
  storage.checks[1]!.fail(new Error('read-only'));
  expect(await still).toBe(true);
  const back = outputs.isAway();
  storage.checks[2]!.end();
  expect(await back).toBe(false);
  expect(await outputs.isAway()).toBe(false);
  expect(storage.checks).toHaveLength(3);
});
