import { Queue, createPostgresBackend } from 'bullmq';
import { Pool } from 'pg';
import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';

const COPIES = 5;
const COPY_MARK = '-copy-';
const PAUSE_MS = [50, 100] as const;

/** Their full types differ by backend. */
type JobQueue = Pick<Queue, 'getJobs' | 'addBulk'>;

export const emptyQueue: Experiment = {
  name: 'empty-queue',
  about: 'the queue loses all its jobs (TRUNCATE, FLUSHALL) when half of the work is done',
  short: true,
  async run(house) {
    const { redis } = house.parts.stores;
    await house.start();
    await house.upload('first', 200);
    await house.upload('second', 60);
    await house.progress(0.5);
    if (redis) await redis.flush();
    else await house.look('TRUNCATE bullmq.job CASCADE');
    house.fault('queue emptied');
  },
};

export const duplicateJobs: Experiment = {
  name: 'duplicate-jobs',
  about: 'every job of both queues is added five more times, under other ids',
  async run(house) {
    await house.start();
    const stores = openQueues(house);
    try {
      await house.upload('catalogue', 200);
      const seen = new Set<string>();
      for (let share = 0; share < 1; share = await shareDone(house)) {
        for (const queue of stores.queues) await multiplyJobs(house, queue, seen);
        await house.parts.random.pause(...PAUSE_MS);
      }
    } finally {
      await stores.close();
    }
  },
  async verify(house) {
    const twice = [...house.parts.origin.hits].filter(([, hits]) => hits > 1);
    house.expect(twice.length === 0, `${twice.length} images were downloaded more than once`);
  },
};

async function multiplyJobs(house: House, queue: JobQueue, seen: Set<string>): Promise<void> {
  const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'prioritized']);
  for (const job of jobs) {
    if (!job?.id || seen.has(job.id) || job.id.includes(COPY_MARK)) continue;
    seen.add(job.id);
    const copies = Array.from({ length: COPIES }, (_, copy) => ({
      name: job.name,
      data: job.data as unknown,
      opts: { ...job.opts, jobId: `${job.id}${COPY_MARK}${copy}` },
    }));
    await queue.addBulk(copies);
    house.fault('job added again', COPIES);
  }
}

async function shareDone(house: House): Promise<number> {
  const [row] = await house.look<{ share: number }>(
    `SELECT coalesce(sum(completed_count + failed_count) / nullif(sum(image_count), 0), 0)::float8 AS share
     FROM processing_request`,
  );
  return row!.share;
}

/** The queues of the service, as its own processes open them, past the proxies. */
function openQueues({ parts: { stores, database } }: House): {
  queues: JobQueue[];
  close: () => Promise<void>;
} {
  const names = ['slices', 'small-slices', 'deliveries'];
  if (stores.redis) {
    const { port } = stores.redis;
    const queues = names.map((name) => new Queue(name, { connection: { host: '127.0.0.1', port } }));
    return { queues, close: async () => void (await Promise.all(queues.map((queue) => queue.close()))) };
  }
  const connection = new Pool({
    connectionString: stores.postgres.urlOf(database),
    options: '-c search_path=bullmq,public',
    max: 2,
  });
  const queues = names.map((name) => new Queue(name, { connection }, createPostgresBackend));
  return {
    queues,
    async close() {
      await Promise.all(queues.map((queue) => queue.close()));
      await connection.end();
    },
  };
}
