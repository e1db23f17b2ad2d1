import { setTimeout as delay } from 'node:timers/promises';
import { DeliveryLoad } from './delivery-load.js';
import { startDeliveryReceiver, type Behaviour, type DeliveryReceiver } from './delivery-receiver.js';
import { startWorker } from './worker-on-postgres.js';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
type Counts = Partial<Record<Behaviour, number>>;

/** The good endpoints by themselves, then the same load beside bad ones: do the good ones wait for anybody? */
const GOOD = { endpoints: { good: 100 }, events: { good: 6000 } };
const MIXES: { name: string; endpoints: Counts; events: Counts }[] = [
  { name: 'good ones alone', ...GOOD },
  {
    name: 'beside 100 slow and 100 dead',
    endpoints: { good: 100, slow: 100, dead: 100 },
    events: { good: 6000, slow: 2000, dead: 2000 },
  },
  { name: 'good ones alone, again', ...GOOD },
  {
    name: 'beside 1,000 slow and 1,000 dead',
    endpoints: { good: 100, slow: 1000, dead: 1000 },
    events: { good: 6000, slow: 2000, dead: 2000 },
  },
];

/** From the moment an event happened until its first POST arrived, by behaviour of the endpoint. One worker process. */
export async function run(): Promise<void> {
  console.log(`${SECONDS} s each; slow: answers after 5 s; dead: never answers (given up after 15 s)\n`);
  const receiver = await startDeliveryReceiver();
  const worker = await startWorker({});
  const load = new DeliveryLoad(worker.databaseUrl);
  try {
    for (const { name, endpoints, events } of MIXES) {
      const before = await worker.usage();
      const added = await load.addEndpoints(endpoints, receiver);
      const posts = receiver.posts;
      const happened = await load.send(added, events, SECONDS);
      await goodOnesArrived(happened, receiver);
      const after = await worker.usage();
      console.log(`${name}: ${happened.size} deliveries, ${receiver.posts - posts} POSTs so far`);
      for (const behaviour of Object.keys(events) as Behaviour[]) {
        console.log(`  ${behaviour.padEnd(5)} ${latencies(behaviour, happened, receiver)}`);
      }
      console.log(
        `  worker: ${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} s CPU, ${after.rssMb} MB (peak ${after.peakMb} MB)\n`,
      );
    }
    console.log('all deliveries at the end:', JSON.stringify(await load.statuses()));
  } finally {
    await load.close();
    await worker.stop();
    await receiver.close();
  }
}

type Happened = Map<string, { at: number; behaviour: Behaviour }>;

async function goodOnesArrived(happened: Happened, { arrivals }: DeliveryReceiver): Promise<void> {
  const good = [...happened].filter(([, { behaviour }]) => behaviour === 'good').map(([id]) => id);
  while (!good.every((id) => arrivals.has(id))) await delay(100);
}

function latencies(behaviour: Behaviour, happened: Happened, { arrivals }: DeliveryReceiver): string {
  const own = [...happened].filter(([, event]) => event.behaviour === behaviour);
  const arrived = own.flatMap(([id, { at }]) => (arrivals.has(id) ? [arrivals.get(id)! - at] : []));
  const sorted = arrived.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round(sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? NaN)} ms`;
  return `${arrived.length} of ${own.length} arrived; p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, longest ${at(1)}`;
}
