import { SourceMemory } from '../../../src/processing/memory-of-sources.js';

const MiB = 1024 ** 2;
const LARGEST = 32 * MiB;
const { signal } = new AbortController();

/** 32 MiB for sources, and a place for one that is longer than it seemed. */
const smallMemory = () => new SourceMemory(2 * LARGEST, LARGEST);

/** Whether the promise settles without anybody giving room back. */
async function isAtOnce(promise: Promise<void> | undefined): Promise<boolean> {
  let settled = promise === undefined;
  void promise?.then(() => (settled = true));
  await new Promise<void>((resolve) => setImmediate(resolve));
  return settled;
}

async function admitted(memory: SourceMemory, contentLength?: number) {
  const room = memory.room('a request', signal);
  await room.admit(contentLength);
  return room;
}

it('has room for so many bytes as were promised, until they are released', async () => {
  const memory = smallMemory();
  const first = await admitted(memory, 20 * MiB);
  const waiting = memory.room('a request', signal).admit(20 * MiB);
  expect(await isAtOnce(waiting)).toBe(false);
  first.release();
  expect(await isAtOnce(waiting)).toBe(true);
});

it('asks whoever promised a length for no more', async () => {
  const room = await admitted(smallMemory(), 20 * MiB);
  expect(room.grow(20 * MiB)).toBeUndefined();
});

it('takes little for sources without a length while they are short', async () => {
  const memory = smallMemory();
  for (let count = 0; count < 32; count += 1) {
    const room = await admitted(memory);
    expect(room.grow(MiB)).toBeUndefined();
  }
  expect(await isAtOnce(memory.room('a request', signal).admit(1))).toBe(false);
});

it('gives back what a source did not need', async () => {
  const memory = smallMemory();
  const room = await admitted(memory);
  room.settle(1000);
  expect(await isAtOnce(memory.room('a request', signal).admit(LARGEST - 1000))).toBe(true);
});

it('lets one that is longer go on when all wait to, so that they end one after another', async () => {
  const memory = smallMemory();
  const rooms = [];
  for (let count = 0; count < 32; count += 1) rooms.push(await admitted(memory));
  const growing = rooms.map((room) => room.grow(MiB + 1));
  for (const [index, room] of rooms.entries()) {
    expect(await isAtOnce(growing[index])).toBe(true);
    expect(await isAtOnce(growing[index + 1])).toBe(index + 1 === growing.length);
    room.settle(LARGEST);
    room.release();
  }
  expect(await isAtOnce(memory.room('a request', signal).admit(LARGEST))).toBe(true);
});

it('asks a source once, however much longer it gets', async () => {
  const room = await admitted(smallMemory());
  await room.grow(MiB + 1);
  expect(room.grow(LARGEST)).toBeUndefined();
});

it('passes the place on when a long source is there and fits beside the others', async () => {
  const memory = smallMemory();
  const [one, other] = [await admitted(memory), await admitted(memory)];
  await one.grow(2 * MiB);
  const growing = other.grow(2 * MiB);
  one.settle(3 * MiB);
  expect(await isAtOnce(growing)).toBe(true);
  expect(await isAtOnce(memory.room('a request', signal).admit(28 * MiB))).toBe(true);
  expect(await isAtOnce(memory.room('a request', signal).admit(1))).toBe(false);
});

it('has all its room again when a source went that waited to grow', async () => {
  const memory = smallMemory();
  const [one, other, last] = [await admitted(memory), await admitted(memory), await admitted(memory)];
  await one.grow(2 * MiB);
  void other.grow(2 * MiB);
  other.release();
  one.release();
  expect(await isAtOnce(last.grow(2 * MiB))).toBe(true);
  last.release();
  expect(await isAtOnce(memory.room('a request', signal).admit(LARGEST))).toBe(true);
});

it('stops waiting when the signal aborts', async () => {
  const memory = smallMemory();
  await admitted(memory, LARGEST);
  const stopping = new AbortController();
  const waiting = memory.room('a request', stopping.signal).admit(1);
  stopping.abort(new Error('the process stops'));
  await expect(waiting).rejects.toThrow('the process stops');
});
