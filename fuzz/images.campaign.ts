import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../faults/random.js';
import type { CompressOptions } from '../src/processing/image-compressor.js';
import { EFFORTS, OUTPUT_FORMATS } from '../src/requests/request-options.js';
import type { Campaign, CampaignReport, CampaignSettings } from './campaign.js';
import { Child } from './images/child.js';
import { makeFixtures, type Fixture } from './images/fixtures.js';
import { mutate } from './images/mutate.js';

/** Of each fixture: the fixture itself, and so many mutants less one. */
const EACH = { short: 100, full: 1000 };
const CHILDREN = 2;
/**
 * What a process may hold more at its end than after its first fifth. Some inputs are of two megapixels, of which glibc keeps
 * some tens of MiB; a leak of 6 KB an input would be more than this.
 */
const MEMORY_GROWTH = 128 * 1024 ** 2;

interface Input {
  name: string;
  bytes: Buffer;
  options: CompressOptions;
}

export const images: Campaign = {
  name: 'images',
  describes:
    'a thousand mutants of each kind of image: each ends as an image or with a code, and the process lives',
  run: async (settings) => {
    const campaign = new ImageFuzzing(settings, await makeFixtures());
    return campaign.run();
  },
};

class ImageFuzzing {
  private readonly report: CampaignReport & { notes: string[] } = {
    inputs: 0,
    outcomes: {},
    failures: [],
    notes: [],
  };
  private readonly total: number;
  private begun = 0;
  private kept: string | undefined;

  constructor(
    private readonly settings: CampaignSettings,
    private readonly fixtures: Fixture[],
  ) {
    this.total = fixtures.length * (settings.short ? EACH.short : EACH.full);
  }

  async run(): Promise<CampaignReport> {
    await Promise.all(Array.from({ length: CHILDREN }, () => this.work(new Child())));
    return this.report;
  }

  /** One input after the other, until none is left. */
  private async work(child: Child): Promise<void> {
    // Of the process that runs now: the one after a crash begins with less.
    let base: { ended: number; memory: number } | undefined;
    try {
      while (this.begun < this.total) {
        if (this.begun > this.total / 5 && base?.ended !== child.ended) {
          base = { ended: child.ended, memory: await child.memory() };
        }
        await this.attempt(child, this.input(this.begun++));
      }
      if (base?.ended === child.ended) this.judgeMemory(base.memory, await child.memory());
    } finally {
      child.stop();
    }
  }

  /** Input by its number: one round of all fixtures after the other, the first as they are. */
  private input(number: number): Input {
    const fixture = this.fixtures[number % this.fixtures.length]!;
    const round = Math.floor(number / this.fixtures.length);
    const random = new Random(this.settings.seed, `${fixture.name} ${round}`);
    const options = anyOptions(random);
    if (round === 0) return { name: fixture.name, bytes: fixture.bytes, options };
    const { how, bytes } = mutate(fixture, random, this.fixtures);
    return { name: `${fixture.name} ${round} (${how.join(', ')})`, bytes, options };
  }

  private async attempt(child: Child, { name, bytes, options }: Input): Promise<void> {
    const { outcome, wrong } = await child.attempt({ bytes, options });
    const { report } = this;
    report.inputs += 1;
    report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
    if (wrong === undefined) return;
    const path = await this.keep(name, bytes);
    report.failures.push(`${name}: ${outcome}: ${wrong}; ${path} with ${JSON.stringify(options)}`);
  }

  private judgeMemory(before: number, after: number): void {
    const told = `memory: ${mebibytes(before)} after a fifth of the inputs, ${mebibytes(after)} after all`;
    this.report.notes.push(told);
    if (after - before > MEMORY_GROWTH) this.report.failures.push(told);
  }

  /** Where the bytes are now, for who wants to look into it. */
  private async keep(name: string, bytes: Buffer): Promise<string> {
    this.kept ??= await mkdtemp(join(tmpdir(), 'halftone-fuzz-'));
    const path = join(this.kept, name.replaceAll(/[^\w-]+/g, '-'));
    await writeFile(path, bytes);
    return path;
  }
}

/** Mostly those of an upload that asks for nothing. */
function anyOptions(random: Random): CompressOptions {
  const side = (): number | null => random.pick([null, null, null, 1, 20, 5000]);
  return {
    quality: random.pick([50, 50, 50, 1, 90, 100]),
    format: random.pick(['same', 'same', 'same', ...OUTPUT_FORMATS]),
    effort: random.pick(EFFORTS),
    maxWidth: side(),
    maxHeight: side(),
  };
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
