import { setTimeout as delay } from 'node:timers/promises';
import { atMost, type Benchmark, type Cell, type Table } from './benchmark.js';
import { DeliveryLoad, type Happened } from './delivery-load.js';
import { startDeliveryReceiver, type Behaviour, type DeliveryReceiver } from './delivery-receiver.js';
import { House } from './house.js';
import { scaled, type Options } from './options.js';
import { progress } from './progress.js';
import { percentile, ratioOf, spreadOf, type Spread } from './spread.js';

type Counts = Partial<Record<Behaviour, number>>;
interface Mix {
  name: string;
  endpoints: Counts;
  /** A second. */
  events: Counts;
}

/** Of each mix. */
const SECONDS = 30;
/** The good endpoints by themselves, then the same load beside bad ones: do the good ones wait for anybody? */
const MIXES: Mix[] = [
  { name: 'good ones alone', endpoints: { good: 100 }, events: { good: 100 } },
  {
    name: 'beside 100 slow and 100 dead',
    endpoints: { good: 100, slow: 100, dead: 100 },
    events: { good: 100, slow: 33, dead: 33 },
  },
  {
    name: 'beside 1,000 slow and 1,000 dead',
    endpoints: { good: 100, slow: 1000, dead: 1000 },
    events: { good: 100, slow: 33, dead: 33 },
  },
];
/** Code gets faster, connections are made. */
const WARM_UP = { events: { good: 300 }, seconds: 3 };
/** The median wait of good ones beside bad ones, as a multiple of that of good ones alone. */
const LIMIT = 1.5;

/** Milliseconds from an event until its first POST arrived, by the endpoint's behaviour; and of the worker for a POST. */
interface Round {
  waits: Map<Behaviour, number[]>;
  arrived: Map<Behaviour, { arrived: number; all: number }>;
  cpuMs: number;
}

export const deliveries: Benchmark = {
  name: 'deliveries',
  measures:
    'From an event until its first POST arrives, at good endpoints beside slow ones (answer after 5 s) and dead ones (never). One worker.',
  async run(options) {
    const measured: Round[][] = MIXES.map(() => []);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [index, mix] of MIXES.entries()) {
        progress(`deliveries: round ${round + 1} of ${options.rounds}, ${mix.name}`);
        measured[index]!.push(await measure(mix, options));
      }
    }
    return {
      tables: [tableOf(measured, options)],
      goals: MIXES.slice(1).map(({ name }, index) =>
        atMost(`${name}: good ones' median × alone`, timesAlone(measured, index + 1).median, LIMIT),
      ),
    };
  },
};

async function measure({ endpoints, events }: Mix, options: Options): Promise<Round> {
  const receiver = await startDeliveryReceiver();
  const house = await House.start({ apis: 0 });
  const load = new DeliveryLoad(house.databaseUrl);
  try {
    const added = await load.addEndpoints(endpoints, receiver);
    const seconds = scaled(SECONDS, options);
    const counts = Object.fromEntries(
      Object.entries(events).map(([behaviour, rate]) => [behaviour, rate * seconds]),
    );
    await goodOnesArrived(await load.send(added, WARM_UP.events, WARM_UP.seconds), receiver);
    const posts = receiver.posts;
    const before = await house.worker.cpuSeconds();
    const happened = await load.send(added, counts, seconds);
    await goodOnesArrived(happened, receiver);
    const cpuMs = (((await house.worker.cpuSeconds()) - before) * 1000) / (receiver.posts - posts);
    return { ...waitsOf(happened, receiver), cpuMs };
  } finally {
    await load.close();
    await house.stop();
    await receiver.close();
  }
}

async function goodOnesArrived(happened: Happened, { arrivals }: DeliveryReceiver): Promise<void> {
  const good = [...happened].filter(([, { behaviour }]) => behaviour === 'good').map(([id]) => id);
  while (!good.every((id) => arrivals.has(id))) await delay(100);
}

function waitsOf(happened: Happened, { arrivals }: DeliveryReceiver): Omit<Round, 'cpuMs'> {
  const waits: Round['waits'] = new Map();
  const arrived: Round['arrived'] = new Map();
  for (const [id, { at, behaviour }] of happened) {
    const count = arrived.get(behaviour) ?? { arrived: 0, all: 0 };
    arrived.set(behaviour, count);
    count.all += 1;
    if (!arrivals.has(id)) continue;
    count.arrived += 1;
    waits.set(behaviour, [...(waits.get(behaviour) ?? []), arrivals.get(id)! - at]);
  }
  return { waits, arrived };
}

function waitOf(rounds: Round[], behaviour: Behaviour, share: number): Spread {
  return spreadOf(
    rounds.map(({ waits }) => {
      const sorted = (waits.get(behaviour) ?? []).toSorted((a, b) => a - b);
      return sorted.length === 0 ? NaN : percentile(sorted, share);
    }),
  );
}

function timesAlone(measured: Round[][], index: number): Spread {
  const medians = (rounds: Round[]): number[] => rounds.map((round) => waitOf([round], 'good', 0.5).median);
  return ratioOf(medians(measured[index]!), medians(measured[0]!));
}

function tableOf(measured: Round[][], { rounds }: Options): Table {
  const rows = MIXES.flatMap(({ name, events }, index) =>
    (Object.keys(events) as Behaviour[]).map((behaviour): Cell[] => {
      const of = measured[index]!;
      const { arrived, all } = of.at(-1)!.arrived.get(behaviour)!;
      return [
        `${name}: ${behaviour}`,
        `${arrived} of ${all}`,
        waitOf(of, behaviour, 0.5),
        waitOf(of, behaviour, 0.99),
        waitOf(of, behaviour, 1),
        behaviour === 'good' ? timesAlone(measured, index) : '',
        spreadOf(of.map(({ cpuMs }) => cpuMs)),
      ];
    }),
  );
  return {
    title: `Milliseconds until the first POST, median of ${rounds} rounds (lowest–highest)`,
    columns: ['endpoints', 'arrived', 'p50', 'p99', 'longest', 'p50 × alone', 'CPU ms a POST'],
    rows,
  };
}
