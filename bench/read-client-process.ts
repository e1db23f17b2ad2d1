import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { ReadJob, ReadTimes } from './read-client.js';

process.on('message', (job: ReadJob) => {
  run(job).then(
    (times) => process.send!(times),
    (error: Error) => process.send!({ error: error.message }),
  );
});
process.send!('ready');

async function run({ url, connections, seconds, rate, firstByte }: ReadJob): Promise<ReadTimes> {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const calls: number[] = [];
  const call = async (due = performance.now()): Promise<void> => {
    const { statusCode, body } = await pool.request({ method: 'GET', path: pathname + search });
    if (statusCode !== 200) throw new Error(`${statusCode} ${await body.text()}`);
    if (firstByte) for await (const _ of body) break;
    else await body.dump({ limit: Infinity });
    calls.push(performance.now() - due);
  };
  const start = performance.now();
  const end = start + seconds * 1000;
  if (rate === 0) {
    const again = async (): Promise<void> => {
      while (performance.now() < end) await call();
    };
    await Promise.all(Array.from({ length: connections }, again));
  } else {
    const all: Promise<void>[] = [];
    for (let due = start; due < end; due += 1000 / rate) {
      if (due > performance.now()) await delay(due - performance.now());
      all.push(call(due));
    }
    await Promise.all(all);
  }
  const took = (performance.now() - start) / 1000;
  await pool.destroy();
  return { calls, seconds: took };
}
