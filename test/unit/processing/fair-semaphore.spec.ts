import { FairSemaphore, type Hold } from '../../../src/processing/fair-semaphore.js';

const never = new AbortController().signal;

/** Lets every promise that can settle do so. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Asks for a share and writes the label down when it is granted. */
function queueUp(
  semaphore: FairSemaphore,
  log: string[],
  key: string,
  label: string,
  weight = 1,
  signal = never,
) {
  return semaphore.acquire(key, weight, signal).then((hold) => {
    log.push(label);
    return hold;
  });
}

describe('FairSemaphore', () => {
  it('lets in as many as fit, and the next when one leaves', async () => {
    const semaphore = new FairSemaphore(2);
    const log: string[] = [];
    const first = await queueUp(semaphore, log, 'a', 'a1');
    await queueUp(semaphore, log, 'a', 'a2');
    void queueUp(semaphore, log, 'a', 'a3');
    await settle();
    expect(log).toEqual(['a1', 'a2']);
    first.release();
    first.release();
    await settle();
    expect(log).toEqual(['a1', 'a2', 'a3']);
  });

  it('serves groups in turn, however many wait in one', async () => {
    const semaphore = new FairSemaphore(1);
    const log: string[] = [];
    const holds: Promise<Hold>[] = [];
    for (const label of ['a1', 'a2', 'a3', 'a4']) holds.push(queueUp(semaphore, log, 'a', label));
    for (const label of ['b1', 'b2']) holds.push(queueUp(semaphore, log, 'b', label));
    for (const turn of [0, 1, 4, 2, 5, 3]) (await holds[turn]!).release();
    expect(log).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('does not pass over a large one that is first in turn', async () => {
    const semaphore = new FairSemaphore(4);
    const log: string[] = [];
    const small = await queueUp(semaphore, log, 'a', 'small');
    const large = queueUp(semaphore, log, 'b', 'large', 4);
    void queueUp(semaphore, log, 'c', 'late');
    await settle();
    expect(log).toEqual(['small']);
    small.release();
    (await large).release();
    await settle();
    expect(log).toEqual(['small', 'large', 'late']);
  });

  it('takes what is above the capacity for all of it', async () => {
    const semaphore = new FairSemaphore(3);
    const hold = await semaphore.acquire('a', 100, never);
    const log: string[] = [];
    void queueUp(semaphore, log, 'a', 'next');
    await settle();
    expect(log).toEqual([]);
    hold.shrink(2);
    await settle();
    expect(log).toEqual(['next']);
  });

  it('forgets who gave up waiting, and lets the ones behind go on', async () => {
    const semaphore = new FairSemaphore(2);
    const log: string[] = [];
    const first = await queueUp(semaphore, log, 'a', 'first');
    const giveUp = new AbortController();
    const large = queueUp(semaphore, log, 'b', 'large', 2, giveUp.signal);
    void queueUp(semaphore, log, 'c', 'small');
    giveUp.abort(new Error('gone'));
    await expect(large).rejects.toThrow('gone');
    await settle();
    expect(log).toEqual(['first', 'small']);
    first.release();
    await expect(semaphore.acquire('d', 1, giveUp.signal)).rejects.toThrow('gone');
  });
});
