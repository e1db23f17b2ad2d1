import { join } from 'node:path';
import { parseEnv, readDotEnv } from '../src/config/env.js';
import { freePort } from '../src/net/free-port.js';
import { readSampleKey } from './sample-key.js';

export interface DemoSettings {
  /** The environment of the service's process. */
  environment: NodeJS.ProcessEnv;
  /** Where the service listens during the demo. */
  url: string;
  /** Where `npm start` will serve what the demo leaves behind. */
  publicUrl: string;
  dataDir: string;
  /** Where the output images lie, as a directory or a URL. */
  storage: string;
  /** In words and without passwords. */
  database: string;
  shutdownTimeoutMs: number;
  /** What the demo calls with, should the database have keys: API_KEY, or else the first of API_KEYS. */
  apiKey: string | undefined;
}

/** Needs no setting; database, queue, storage and limits are the user's where they are set. Throws an EnvError. */
export async function demoSettings(): Promise<DemoSettings> {
  readDotEnv();
  const own = { ...process.env, APP_MODE: 'all' };
  const env = parseEnv(own);
  const port = await freePort();
  return {
    environment: {
      ...own,
      // Empty, so that the service does not read that of `.env` either: keys that it kept would close a fresh database,
      // also after the demo.
      API_KEYS: '',
      HOST: '127.0.0.1',
      PORT: String(port),
      // Not the demo's own address, which ends with it: the URLs in the output CSV shall work after `npm start`.
      PUBLIC_URL: env.publicUrl,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      // The progress bar asks five times a second.
      RATE_LIMIT: '0',
      LOG_LEVEL: 'warn',
    },
    url: `http://127.0.0.1:${port}`,
    publicUrl: env.publicUrl,
    dataDir: env.dataDir,
    storage: process.env.STORAGE_URL || join(env.dataDir, 'files'),
    database: env.databaseUrl ? 'the one of DATABASE_URL' : `embedded, in ${join(env.dataDir, 'postgres')}`,
    shutdownTimeoutMs: env.shutdownTimeoutMs,
    apiKey: readSampleKey(process.env) ?? env.apiKeys[0]?.key,
  };
}
