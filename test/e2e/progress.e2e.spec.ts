import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestBody } from '../../src/requests/request-body.dto.js';
import { ApiClient } from '../support/api-client.js';
import { catalogue } from '../support/catalogue.js';
import { EventStreamClient } from '../support/event-stream-client.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const IMAGES = 300;
/** Of every image: with eight downloads at a time the request takes some seconds, enough to be watched. */
const ORIGIN_DELAY = 100;

let database: TestDatabase;
let directory: string;
let origin: Origin;
let processes: ServiceProcess[];

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  origin = await startOrigin();
  const settings = {
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    FETCH_CONCURRENCY: '8',
    LOG_LEVEL: 'error',
  };
  // One after the other: the first makes the directory's id.
  processes = [await startProcess({ ...settings, APP_MODE: 'api' })];
  processes.push(await startProcess({ ...settings, APP_MODE: 'api' }));
  processes.push(await startProcess({ ...settings, APP_MODE: 'worker' }));
});
afterAll(async () => {
  await Promise.all(processes.map(({ end }) => end('SIGKILL')));
  await origin.close();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const listen = (api: ServiceProcess, id: string, headers: Record<string, string> = {}) =>
  EventStreamClient.open<RequestBody>(`${api.url}/api/requests/${id}/events`, headers);

it('a worker’s progress is seen by the listeners of every API process, until it is done', async () => {
  const [first, second] = processes as [ServiceProcess, ServiceProcess];
  const api = new ApiClient(first.url);
  const { request_id: id } = await api.upload(await catalogue(origin, IMAGES, ORIGIN_DELAY));
  const clients = await Promise.all([listen(first, id), listen(second, id), listen(second, id)]);
  const gone = await listen(first, id);
  await gone.until(({ events }) => events.length > 1);
  gone.leave();
  await Promise.all(clients.map((client) => client.closed()));

  const status = await api.status(id);
  expect(status).toMatchObject({ status: 'completed', counts: { completed: IMAGES } });
  for (const { ended, events } of clients) {
    expect(ended).toBe(true);
    expect(events.length).toBeGreaterThan(4);
    expect(events.at(-1)).toEqual({ id: '1-done', event: 'done', data: status });
    expect(events.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
    const completed = events.map(({ data }) => data.counts.completed);
    expect(completed).toEqual(completed.toSorted((a, b) => a - b));
    const remaining = events.flatMap(({ data }) => data.eta_seconds ?? []);
    expect(remaining.length).toBeGreaterThan(0);
    expect(Math.max(...remaining)).toBeLessThan(60);
  }

  // Either process understands what the other has told.
  const back = await Promise.all(
    [first, second].map((one) => listen(one, id, { 'last-event-id': '1-done' })),
  );
  expect(back.map(({ response }) => response.statusCode)).toEqual([204, 204]);
});

it('listeners are sent away at once when their process is asked to end, and it says nothing', async () => {
  const [first, second] = processes as [ServiceProcess, ServiceProcess];
  const csv = await catalogue(origin, IMAGES, ORIGIN_DELAY);
  const { request_id: id } = await new ApiClient(first.url).upload(csv);
  const client = await listen(second, id);
  await client.until(({ events }) => events.length > 0);
  expect(await second.end('SIGTERM')).toBe(0);
  await client.closed();
  expect(client.ended).toBe(true);
  expect(client.events.map(({ event }) => event)).not.toContain('done');
  // It comes back where there is another process.
  const last = client.events.at(-1)!.id;
  const elsewhere = await (await listen(first, id, { 'last-event-id': last })).closed();
  expect(elsewhere.events.at(-1)!.event).toBe('done');
  expect(processes.map(({ output }) => output())).toEqual(['', '', '']);
});
