import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { migrateDatabase } from '../src/database/migrate.js';
import { findPostmaster } from '../src/database/postmaster-pid.js';
import { installAudit } from './checker/audit.js';
import { waitFor } from './wait-for.js';

/** Only the server is ever killed, never the machine: what was committed is in the kernel's hands, and that is enough. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
const STOP_LIMIT_MS = 10_000;

/** A PostgreSQL server of our own, which can be killed and comes back with its data. */
export class PostgresServer {
  private server: EmbeddedPostgres | undefined;
  private url: URL;
  private made = 0;
  private starting: Promise<EmbeddedPostgres> | undefined;
  private removed = false;

  private constructor(private readonly directory: string) {}

  static async start(): Promise<PostgresServer> {
    const postgres = new PostgresServer(await mkdtemp(join(tmpdir(), 'halftone-faults-postgres-')));
    try {
      await postgres.start();
      await migrateDatabase(postgres.url.href);
      await installAudit(postgres.url.href);
    } catch (error) {
      await postgres.remove();
      throw error;
    }
    return postgres;
  }

  get port(): number {
    return Number(this.url.port);
  }

  /** Starts it; after a kill, on the same data. */
  async start(): Promise<void> {
    if (this.removed) throw new Error('this PostgreSQL is gone for good');
    if (this.server) return;
    this.starting = startEmbeddedPostgres(this.directory, () => undefined, { settings: SETTINGS });
    this.server = await this.starting;
    this.url = new URL(this.server.url);
  }

  /** Ends it as `pg_ctl stop -m immediate` does: no checkpoint, every connection broken. */
  async kill(): Promise<void> {
    const data = join(this.directory, 'postgres', 'data');
    const { running } = await findPostmaster(data);
    if (running) process.kill(running.pid, 'SIGQUIT');
    const isGone = async (): Promise<boolean> => (await findPostmaster(data)).running === undefined;
    await waitFor('the end of PostgreSQL', isGone, STOP_LIMIT_MS);
    await this.server?.stop();
    this.server = undefined;
  }

  /** A migrated and otherwise empty database; gives its name. */
  async createDatabase(): Promise<string> {
    this.made += 1;
    const name = `faults_${this.made}`;
    // Copying the files is twice as fast as the default, which writes every page to the log.
    await this.administer(
      `CREATE DATABASE ${name} TEMPLATE ${this.url.pathname.slice(1)} STRATEGY FILE_COPY`,
    );
    return name;
  }

  async dropDatabase(name: string): Promise<void> {
    await this.administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  /** The address of a database, past every proxy or, with `port`, through one. */
  urlOf(database: string, port = this.port): string {
    const url = new URL(`/${database}`, this.url);
    url.port = String(port);
    return url.href;
  }

  async remove(): Promise<void> {
    this.removed = true;
    // Perhaps it is just coming back.
    await this.starting?.catch(() => undefined);
    await this.server?.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async administer(statement: string): Promise<void> {
    const client = new Client({ connectionString: this.urlOf('postgres') });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
