import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

declare global {
  /** Set for the global teardown, which shares nothing else with the setup. */
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

/** Starts one PostgreSQL for all tests of this run, with a migrated database that tests clone. */
export default async function startTestPostgres(): Promise<void> {
  // Compiled code, because jest does not transform what it loads here.
  const program = fileURLToPath(new URL('./postgres-process.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const exit = once(child, 'exit');
  const [url] = (await Promise.race([once(createInterface(child.stdout), 'line'), exit])) as [unknown];
  if (typeof url !== 'string')
    throw new Error('No PostgreSQL for the tests (see above). After a change: npm run build');
  process.env.TEST_DATABASE_URL = url;
  globalThis.stopTestPostgres = async () => {
    child.stdin.end();
    await exit;
  };
}
