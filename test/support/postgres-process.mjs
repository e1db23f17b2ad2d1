// The PostgreSQL of one test run, in a process of its own that ends when its standard input does: so nothing is left
// behind when the run is killed. Writes the URL of its migrated database to standard output.
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js';
import { migrateDatabase } from '../../dist/src/database/migrate.js';

const PREFIX = 'halftone-postgres-of-';
// Nothing of it has to outlive the machine.
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };
const ignore = () => undefined;

const end = Promise.race([
  text(process.stdin),
  ...['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => once(process, signal)),
]);
// The run may be killed before there is anything to tell it.
process.stdout.on('error', ignore);

await removeOrphans();
const dataDir = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
try {
  const postgres = await startEmbeddedPostgres(dataDir, ignore, { settings });
  try {
    await migrateDatabase(postgres.url);
    process.stdout.write(`${postgres.url}\n`);
    await end;
  } finally {
    await postgres.stop();
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
// What ended first leaves the others waiting, with standard input open.
process.exit();

/** Stops what processes like this one left that were killed themselves. */
async function removeOrphans() {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const name of names.filter((each) => !isAlive(Number.parseInt(each.slice(PREFIX.length), 10)))) {
    const directory = join(tmpdir(), name);
    // Another run may be tidying up too.
    await startEmbeddedPostgres(directory, ignore).then((orphan) => orphan.stop(), ignore);
    await rm(directory, { recursive: true, force: true }).catch(ignore);
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
