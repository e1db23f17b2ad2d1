import { SharedSyncs } from '../../../src/storage/shared-syncs.js';

/** A disk of which the test ends each sync. */
function slowDisk() {
  const begun: string[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const sync = (directory: string): Promise<void> => {
    begun.push(directory);
    return new Promise((resolve, reject) => void ends.push({ resolve, reject }));
  };
  return { syncs: new SharedSyncs(sync), begun, ends };
}

/** Whether it has ended by now. */
async function hasEnded(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending');
  return (
    (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending
  );
}

describe('SharedSyncs', () => {
  it('shares the next sync among all who came while one ran', async () => {
    const { syncs, begun, ends } = slowDisk();
    const first = syncs.run('a');
    const second = syncs.run('a');
    const third = syncs.run('a');
    expect(begun).toEqual(['a']);
    ends[0]!.resolve();
    await first;
    expect(await hasEnded(second)).toBe(false);
    expect(begun).toEqual(['a', 'a']);
    ends[1]!.resolve();
    await Promise.all([second, third]);
    expect(begun).toHaveLength(2);
  });

  it('lets nobody share a sync that had begun before', async () => {
    const { syncs, begun, ends } = slowDisk();
    void syncs.run('a');
    const second = syncs.run('a');
    ends[0]!.resolve();
    expect(await hasEnded(second)).toBe(false);
    const third = syncs.run('a');
    ends[1]!.resolve();
    await second;
    expect(await hasEnded(third)).toBe(false);
    ends[2]!.resolve();
    await third;
    expect(begun).toHaveLength(3);
  });

  it('keeps directories apart, and begins anew when all is done', async () => {
    const { syncs, begun, ends } = slowDisk();
    const both = [syncs.run('a'), syncs.run('b')];
    expect(begun).toEqual(['a', 'b']);
    for (const { resolve } of ends) resolve();
    await Promise.all(both);
    void syncs.run('a');
    expect(begun).toEqual(['a', 'b', 'a']);
  });

  it('tells a failure to those it concerns, and to nobody after them', async () => {
    const { syncs, ends } = slowDisk();
    const first = syncs.run('a');
    const second = syncs.run('a');
    ends[0]!.reject(new Error('EIO'));
    await expect(first).rejects.toThrow('EIO');
    expect(await hasEnded(second)).toBe(false);
    ends[1]!.resolve();
    await second;
  });
});
