import { AsideJobs } from '../../../src/queue/aside-jobs.js';

let release: (() => void)[];
let stepAside: (() => void)[];

beforeEach(() => {
  release = [];
  stepAside = [];
});

const hang = (step: () => void): Promise<void> => {
  stepAside.push(step);
  return new Promise((resolve) => release.push(resolve));
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs a job; gives whether its slot is free. */
async function run(jobs: AsideJobs): Promise<() => boolean> {
  let free = false;
  void jobs.run(hang).then(() => (free = true));
  await settled();
  return () => free;
}

describe('the slot of a job', () => {
  it('is free when the job has ended', async () => {
    const isFree = await run(new AsideJobs(1));
    expect(isFree()).toBe(false);
    release[0]!();
    await settled();
    expect(isFree()).toBe(true);
  });

  it('is free when the job steps aside, however often', async () => {
    const isFree = await run(new AsideJobs(1));
    stepAside[0]!();
    stepAside[0]!();
    await settled();
    expect(isFree()).toBe(true);
  });

  it('is not, while as many as may be are aside', async () => {
    const jobs = new AsideJobs(1);
    await run(jobs);
    const isSecondFree = await run(jobs);
    stepAside.forEach((step) => step());
    await settled();
    expect(isSecondFree()).toBe(false);
    release[0]!();
    await settled();
    stepAside[1]!();
    await settled();
    expect(isSecondFree()).toBe(true);
  });
});

describe('jobs aside', () => {
  it('have all ended when none of them runs any more', async () => {
    const jobs = new AsideJobs(2);
    await run(jobs);
    stepAside[0]!();
    let ended = false;
    const ending = jobs.ended().then(() => (ended = true));
    await settled();
    expect(ended).toBe(false);
    release[0]!();
    await ending;
  });

  it('are not what steps aside after its end', async () => {
    const jobs = new AsideJobs(1);
    await run(jobs);
    release[0]!();
    await settled();
    stepAside[0]!();
    const isFree = await run(jobs);
    stepAside[1]!();
    await settled();
    expect(isFree()).toBe(true);
  });
});
