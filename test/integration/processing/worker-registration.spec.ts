import { WorkerRegistration } from '../../../src/processing/worker-registration.js';
import { fakeDate } from '../webhooks/fake-date.js';
import { Workbench } from './workbench.js';

let bench: Workbench;

beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(async () => {
  jest.useRealTimers();
  await bench.close();
});

/** What a worker says when its clock differs by so many seconds, one heartbeat after the other. */
async function saidWith(...seconds: number[]): Promise<string[][]> {
  const worker = new WorkerRegistration(bench.workers, bench.env);
  const said: string[][] = [];
  for (const difference of seconds) {
    jest.useRealTimers();
    fakeDate(Date.now() + difference * 1000);
    bench.logged.length = 0;
    await worker.onApplicationBootstrap();
    said.push(bench.logged.map(([level, message]) => `${level}: ${message}`));
    await worker.beforeApplicationShutdown();
  }
  return said;
}

it('says nothing of a clock that agrees with the database', async () => {
  expect(await saidWith(0, 20, -20)).toEqual([[], [], []]);
});

it('says once that the clock is wrong, by how much and what to do, and once that it is right again', async () => {
  const warning = (difference: string): string =>
    `warn: the clock of this machine is ${difference} that of the database: receivers may refuse webhooks, and ` +
    'retries come at the wrong time. Synchronise both machines (NTP)';
  expect(await saidWith(300, 301, -90, -90, 0, 0)).toEqual([
    [warning('300 s ahead of')],
    [],
    [warning('90 s behind')],
    [],
    ['log: the clock of this machine agrees with that of the database again'],
    [],
  ]);
});
