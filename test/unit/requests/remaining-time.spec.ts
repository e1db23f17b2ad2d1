import { remainingSeconds, SPEED_MEMORY, type RunPace } from '../../../src/requests/remaining-time.js';

const START = Date.parse('2026-11-20T09:30:00.000Z');
const at = (seconds: number) => new Date(START + seconds * 1000);

/** What the database does with outcomes at so many seconds after the run began (outcomes.repository.ts). */
function record(pace: RunPace, seconds: number, outcomes: number): RunPace {
  const since = pace.progressedAt ?? pace.startedAt!;
  const passed = Math.max(0.001, (at(seconds).getTime() - since.getTime()) / 1000);
  const remembered = Math.exp(-passed / SPEED_MEMORY);
  return {
    ...pace,
    progressedAt: at(seconds),
    speed: remembered * (pace.speed ?? 0) + (1 - remembered) * (outcomes / passed),
    outcomes: pace.outcomes + outcomes,
    open: pace.open - outcomes,
  };
}

const begun = (images: number): RunPace => ({
  startedAt: at(0),
  progressedAt: null,
  speed: null,
  outcomes: 0,
  open: images,
});

/** A run whose outcomes come at these seconds, and what is said of it at any time. */
function run(images: number, records: [seconds: number, outcomes: number][]) {
  return (seconds: number): number | null => {
    const pace = records
      .filter(([when]) => when <= seconds)
      .reduce((before, [when, outcomes]) => record(before, when, outcomes), begun(images));
    return remainingSeconds(pace, at(seconds));
  };
}

/** So many outcomes at once, every so many seconds, in a stretch of time. */
function every(gap: number, outcomes: number, from: number, to: number): [number, number][] {
  return Array.from({ length: Math.round((to - from) / gap) }, (_, n) => [from + (n + 1) * gap, outcomes]);
}

describe('the remaining time of a run', () => {
  it.each([
    ['100 images a second in batches', 0.25, 25],
    ['an image a second', 1, 1],
    ['an image every ten seconds', 10, 1],
    ['a batch every three seconds', 3, 40],
  ])('is right from the first to the last moment when the speed is constant: %s', (_, gap, outcomes) => {
    const records = every(gap, outcomes, 0, 100 * gap);
    const remaining = run(100 * outcomes, records);
    const said = every(gap / 4, 1, 0, 99.5 * gap).flatMap(([seconds]) => {
      const estimate = remaining(seconds);
      return estimate === null ? [] : [{ seconds, off: Math.abs(estimate - (100 * gap - seconds)) }];
    });
    expect(said[0]!.seconds).toBeLessThanOrEqual(Math.max(2 + gap, 2 * gap));
    expect(said.length).toBeGreaterThan(300);
    // Between two batches nobody knows how much of the next is done.
    expect(Math.max(...said.map(({ off }) => off))).toBeLessThan(outcomes === 1 ? 1e-6 : gap);
  });

  it('follows a speed that halves', () => {
    // 20 a second for two minutes, then 10 a second.
    const records = [...every(0.2, 4, 0, 120), ...every(0.2, 2, 120, 500)];
    const remaining = run(10_000, records);
    const truth = (seconds: number) => (10_000 - 2400 - 10 * (seconds - 120)) / 10;
    expect(remaining(120)! / truth(120)).toBeCloseTo(0.5, 1);
    expect(remaining(150)! / truth(150)).toBeGreaterThan(0.7);
    expect(remaining(180)! / truth(180)).toBeGreaterThan(0.85);
    expect(remaining(240)! / truth(240)).toBeGreaterThan(0.97);
  });

  it('follows a speed that doubles', () => {
    const remaining = run(10_000, [...every(0.2, 2, 0, 120), ...every(0.2, 4, 120, 400)]);
    const truth = (seconds: number) => (10_000 - 1200 - 20 * (seconds - 120)) / 20;
    expect(remaining(180)! / truth(180)).toBeLessThan(1.1);
    expect(remaining(240)! / truth(240)).toBeLessThan(1.03);
  });

  it('does not count what was slow at the beginning for long', () => {
    // The hosts of a retry's first images answer after twenty seconds; the rest comes at ten a second.
    const remaining = run(2000, every(0.2, 2, 20, 200));
    expect(remaining(60)! / 160).toBeLessThan(1.3);
    expect(remaining(120)! / 100).toBeLessThan(1.05);
  });

  it('is unknown when the run stands still, and known again when it goes on', () => {
    const remaining = run(1000, [...every(0.2, 2, 0, 30), ...every(0.2, 2, 60, 70)]);
    expect(remaining(30)).toBeCloseTo(70, 0);
    expect(remaining(34.9)).toBeCloseTo(70, 0);
    expect(remaining(35.1)).toBeNull();
    expect(remaining(59)).toBeNull();
    expect(remaining(61)).toBeGreaterThan(100);
  });

  it('is not unknown for a pause that is usual for the run', () => {
    const remaining = run(20, every(10, 1, 0, 100));
    expect(remaining(119.9)).toBeGreaterThan(80);
    expect(remaining(199)).toBeGreaterThan(100);
    expect(remaining(201)).toBeNull();
  });

  it.each<[string, RunPace, number]>([
    ['has not begun', { ...begun(10), startedAt: null }, 10],
    ['has no outcome yet', begun(10), 10],
    ['has one', record(begun(10), 3, 1), 3.5],
    ['was measured for less than two seconds', record(record(begun(10), 0.5, 1), 1.9, 1), 3],
  ])('is unknown when the run %s', (_, pace, seconds) => {
    expect(remainingSeconds(pace, at(seconds))).toBeNull();
  });

  it('bears clocks that differ', () => {
    const pace = record(record(begun(10), 3, 1), 6, 1);
    expect(remainingSeconds(pace, at(-3600))).toBeCloseTo(24, 0);
    expect(remainingSeconds({ ...pace, startedAt: at(3600) }, at(6))).toBeNull();
  });

  it('is never negative, and always a number or unknown', () => {
    for (const gap of [0.0001, 0.3, 7, 86_400]) {
      for (const outcomes of [1, 100]) {
        const images = 20 * outcomes;
        const remaining = run(images, every(gap, outcomes, 0, 20 * gap));
        for (const [seconds] of every(gap / 3, 1, 0, 40 * gap)) {
          const estimate = remaining(seconds) ?? 0;
          expect(estimate).toBeGreaterThanOrEqual(0);
          // At worst it is said to be ten times as slow as it was.
          expect(estimate).toBeLessThanOrEqual(10.01 * 20 * gap);
        }
      }
    }
  });
});
