import { join } from 'node:path';
import { parseEnv, readDotEnv } from '../src/config/env.js';
import { freePort } from '../src/net/free-port.js';

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
}

/** Needs no setting; database, queue, storage and limits are the user's where they are set. Throws an EnvError. */
export async function demoSettings(): Promise<DemoSettings> {
  readDotEnv();
  // An empty value counts as unset, and keeps the service from reading the one of `.env`.
  const own = { ...process.env, APP_MODE: 'all', API_KEYS: '' };
  const env = parseEnv(own);
  const port = await freePort();
  return {
    environment: {
      ...own,
      HOST: '127.0.0.1',
      PORT: String(port),
      // Not the demo's own address, which ends with it: the URLs in the output CSV shall work after `npm start`.
      PUBLIC_URL: env.publicUrl,
      ALLOW_PRIVATE_ADDRESSES: 'true',
      LOG_LEVEL: 'warn',
    },
    url: `http://127.0.0.1:${port}`,
    publicUrl: env.publicUrl,
    dataDir: env.dataDir,
    storage: process.env.STORAGE_URL || join(env.dataDir, 'files'),
    database: env.databaseUrl ? 'the one of DATABASE_URL' : `embedded, in ${join(env.dataDir, 'postgres')}`,
    shutdownTimeoutMs: env.shutdownTimeoutMs,
  };
}
