import { Pool } from 'pg';
import { endSilentConnections } from '../../../src/database/silent-connections.js';
import { outageOf } from '../../../src/errors/outage.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

let database: TestDatabase;
let proxy: TcpProxy;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  pool = new Pool({ connectionString: proxy.url, max: 1 });
  pool.on('error', () => undefined);
  endSilentConnections(pool, { silenceMs: 200, ask: false });
});
afterEach(async () => {
  await pool.end();
  await proxy.close();
  await database.drop();
});

it('ends a connection that owes an answer, as an outage, and the next one is a new one', async () => {
  await pool.query('SELECT 1');
  proxy.fallSilent();
  const error: unknown = await pool.query('SELECT 1').catch((thrown: unknown) => thrown);
  expect(outageOf(error)).toBe('Its database cannot be reached.');
  expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});

it('does not wait for a ROLLBACK on a dead connection', async () => {
  const client = await pool.connect();
  client.on('error', () => undefined);
  await client.query('BEGIN');
  proxy.fallSilent();
  await expect(client.query('SELECT 1')).rejects.toThrow('fell silent');
  await expect(client.query('ROLLBACK')).rejects.toThrow(/connection|terminated|silent/i);
  client.release();
  expect((await pool.query('SELECT 1')).rowCount).toBe(1);
});

it('leaves a connection alone that is held and owes nothing, and one that answers', async () => {
  const client = await pool.connect();
  await client.query('BEGIN');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid, pg_sleep(0.05)');
  for (let query = 0; query < 20; query += 1) await client.query('SELECT pg_sleep(0.02)');
  expect((await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid).toBe(
    rows[0]!.pid,
  );
  await client.query('COMMIT');
  client.release();
});
