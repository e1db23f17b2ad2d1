import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';

const FOR_MS = 5000;

export const terminateBackends: Experiment = {
  name: 'terminate-backends',
  about: 'pg_terminate_backend of random sessions of the service, several times a second',
  async run(house) {
    await house.start();
    await house.upload('catalogue', 240);
    await forAWhile(house, async () => {
      const backends = await house.look<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'halftone%' ORDER BY pid`,
      );
      if (backends.length === 0) return;
      await house.look('SELECT pg_terminate_backend($1)', [house.parts.random.pick(backends).pid]);
      house.fault('session terminated');
    });
  },
};

export const badNetwork: Experiment = {
  name: 'bad-network',
  about: 'latency, connections reset, cut in the middle of an answer, and refused, at random',
  async run(house) {
    const { proxies, random } = house.parts;
    await house.start();
    await house.upload('catalogue', 240);
    const all = [proxies.api, proxies.workers, ...(proxies.redis ? [proxies.redis] : [])];
    for (const proxy of all) proxy.latencyMs = 5;
    house.fault('latency of 5 ms');
    await forAWhile(house, async () => {
      const proxy = random.pick(all);
      const kind = random.pick(['reset', 'cut', 'refused'] as const);
      if (kind === 'reset') house.fault('connection reset', proxy.reset());
      if (kind === 'cut') house.fault('connection cut in an answer', proxy.cutAfter(random.integer(1, 2000)));
      if (kind !== 'refused') return;
      proxy.down = true;
      proxy.reset();
      house.fault('store not reachable');
      await random.pause(200, 600);
      proxy.down = false;
    });
    for (const proxy of all) proxy.latencyMs = 0;
    house.healed();
  },
};

/** One of so many commits loses its answer. */
const LOST = 3;

export const lostCommits: Experiment = {
  name: 'lost-commits',
  about: 'commits that succeed, and whose answers never come: was it done or not?',
  async run(house) {
    const { proxies, random } = house.parts;
    await house.start();
    const all = [proxies.api, proxies.workers];
    for (const proxy of all) {
      // Transactions of both workers then overlap.
      proxy.latencyMs = 10;
      proxy.onRequest = (bytes) => {
        const loses = bytes.includes('COMMIT') && random.integer(1, LOST) === 1;
        if (loses) house.fault('answer to a commit lost');
        return loses;
      };
    }
    for (let number = 0; number < 6; number += 1) await house.upload(`catalogue-${number}`, 40);
    await house.progress(0.9);
    for (const proxy of all) {
      proxy.onRequest = undefined;
      proxy.latencyMs = 0;
    }
    house.healed();
  },
};

async function forAWhile({ parts: { random } }: House, doOne: () => Promise<void>): Promise<void> {
  const end = Date.now() + FOR_MS;
  while (Date.now() < end) {
    await random.pause(100, 400);
    await doOne();
  }
}
