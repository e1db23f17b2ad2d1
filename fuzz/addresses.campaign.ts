import { isIP } from 'node:net';
import fc from 'fast-check';
import { startCanary, type Canary } from './addresses/canary.js';
import { verdictOf, type Verdict } from './addresses/oracle.js';
import { fuzzUrl, type FuzzUrl } from './addresses/urls.js';
import type { Campaign, CampaignReport, CampaignSettings } from './campaign.js';
import { parseEnv, type Env } from '../src/config/env.js';
import { FetchError, GuardedFetch } from '../src/net/guarded-fetch.js';
import { isPublicAddress } from '../src/net/public-address.js';
import { findUrlFault } from '../src/net/url-rules.js';

const INPUTS = { full: 400_000, short: 40_000 };
const ROUND = 1000;
/** One of so many is fetched in earnest, unless it is public: such an address is not ours to bother. */
const FETCHED = 20;
const REQUEST = { timeoutMs: 10_000, maxBytes: 1000, maxRedirects: 5 };
const CODES = { refused: 'url_invalid', denied: 'address_blocked', name: 'dns_failed' };

/** One run: random URLs, each of which the service and the second opinion judge, and some of which are fetched. */
class AddressFuzzing {
  private readonly outcomes: Record<string, number> = {};
  private readonly failures: string[] = [];
  private readonly env: Env;
  private readonly guarded: GuardedFetch;

  constructor(private readonly canary: Canary) {
    this.env = parseEnv({ ALLOWED_PORTS: `80,443,${canary.port}` });
    this.guarded = new GuardedFetch(this.env, async () => []);
  }

  async run({ seed, short }: CampaignSettings): Promise<CampaignReport> {
    const inputs = short ? INPUTS.short : INPUTS.full;
    for (let begin = 0; begin < inputs; begin += ROUND) {
      const round = fc.sample(fuzzUrl, { seed: seed + begin, numRuns: ROUND });
      for (const [index, input] of round.entries()) await this.try(input, index % FETCHED === 0);
      if ((await this.canary.touches()) > 0) {
        this.failures.push(`the canary was reached in round ${begin / ROUND}`);
        break;
      }
    }
    await this.guarded.onApplicationShutdown();
    return { inputs, outcomes: this.outcomes, failures: this.failures };
  }

  private async try({ url: template, verdict: known }: FuzzUrl, inEarnest: boolean): Promise<void> {
    const url = template.replaceAll('PORT', String(this.canary.port));
    const right = known ?? verdictOf(url, this.env.allowedPorts);
    const verdict = this.judge(url);
    this.outcomes[verdict] = (this.outcomes[verdict] ?? 0) + 1;
    if (verdict !== right) this.failures.push(`${JSON.stringify(url)} is ${right}, judged ${verdict}`);
    else if (inEarnest && verdict !== 'public') await this.fetch(url, CODES[verdict]);
  }

  /** What the service says. */
  private judge(url: string): Verdict | 'crash' {
    try {
      if (findUrlFault(url, this.env)) return 'refused';
      const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
      if (!isIP(host)) return 'name';
      return isPublicAddress(host) ? 'public' : 'denied';
    } catch {
      return 'crash';
    }
  }

  private async fetch(url: string, code: string): Promise<void> {
    const outcome: unknown = await this.guarded.fetch(url, REQUEST).catch((error: unknown) => error);
    if (outcome instanceof FetchError && outcome.code === code) return;
    const ending = outcome instanceof Error ? outcome.message : 'an answer';
    this.failures.push(`${JSON.stringify(url)} is ${code}, fetching it ended with: ${ending}`);
  }
}

export const addresses: Campaign = {
  name: 'addresses',
  describes:
    'spellings of addresses and mutated URLs: a second opinion shares every verdict, the canary stays alone',
  run: async (settings) => {
    const canary = await startCanary();
    try {
      return await new AddressFuzzing(canary).run(settings);
    } finally {
      await canary.close();
    }
  },
};
