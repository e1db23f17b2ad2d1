// fetching-child.mjs URL SETTINGS: fetches with the built service, in a process whose environment is the test's.
import { parseEnv } from '../../../dist/src/config/env.js';
import { GuardedFetch } from '../../../dist/src/net/guarded-fetch.js';

const [url, settings] = process.argv.slice(2);
const unknownName = async () => [];
const { ALLOW_PRIVATE_ADDRESSES } = JSON.parse(settings);
const guarded = new GuardedFetch(
  parseEnv(JSON.parse(settings)),
  ALLOW_PRIVATE_ADDRESSES ? undefined : unknownName, // only loopback is ever contacted
);
const outcome = await guarded.fetch(url, { timeoutMs: 10_000, maxBytes: 1000, maxRedirects: 5 }).then(
  ({ body }) => body.toString(),
  ({ code }) => code,
);
await guarded.onApplicationShutdown();
process.stdout.write(outcome);
