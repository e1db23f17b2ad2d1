import { v7 as uuidv7 } from 'uuid';
import { Logger } from '@nestjs/common';
import type { QueryRunner } from 'typeorm';
import { ProgressWatch } from '../../../src/requests/progress-watch.js';
import { EventStream } from '../../../src/requests/event-stream.js';
import type { RequestBody } from '../../../src/requests/request-body.dto.js';
import { EventStreamClient } from '../../support/event-stream-client.js';
import { rawConnection } from '../../support/raw-connection.js';
import { completed, failed, insertRequest, pending, product } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';
import { waitFor } from '../../support/wait-for.js';

type Client = EventStreamClient<RequestBody>;

const ALL_BUT_INTERVALS = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;

let server: RequestsApp;
let shown: jest.SpiedFunction<EventStream['show']>;
let clients: Client[];

beforeAll(async () => (server = await startRequestsApp()));
afterAll(() => server.close());
beforeEach(() => {
  clients = [];
  shown = jest.spyOn(EventStream.prototype, 'show');
});
afterEach(async () => {
  clients.forEach((client) => client.leave());
  await allForgotten();
  jest.restoreAllMocks();
});

async function listen(id: string, headers: Record<string, string> = {}): Promise<Client> {
  const client = await EventStreamClient.open<RequestBody>(
    `${server.url}/api/requests/${id}/events`,
    headers,
  );
  clients.push(client);
  return client;
}

/** The streams that there were in this test. */
const streams = () => [...new Set(shown.mock.contexts)] as EventStream[];

const allForgotten = () =>
  waitFor('all streams to be closed', async () => streams().every(({ closed }) => closed));

/** A request of so many pending images, whose rows nobody looks at here. */
async function insertOpen(imageCount = 10): Promise<string> {
  return (
    await insertRequest(server.dataSource, [], { status: 'pending', imageCount, runImageCount: imageCount })
  ).id;
}

const change = (id: string | string[], set: string): Promise<unknown> =>
  server.dataSource.query(`UPDATE processing_request SET ${set} WHERE id = ANY($1)`, [[id].flat()]);

const begin = (id: string) => change(id, `status = 'processing', started_at = now()`);
const complete = (id: string | string[], images = 1) =>
  change(id, `completed_count = completed_count + ${images}`);
const end = (id: string) =>
  change(id, `status = 'completed', completed_count = image_count, finished_at = now()`);

const told = ({ events }: Client) =>
  events.map(({ id, event, data }) => [id, event, data.status, data.counts.completed]);

/** Of each look from now on, the ids that are asked for. */
function watchLooks(): () => string[][] {
  const runner = Object.getPrototypeOf(server.dataSource.createQueryRunner()) as QueryRunner;
  const { calls } = jest.spyOn(runner, 'query').mock;
  const before = calls.length;
  return () =>
    calls
      .slice(before)
      .filter(([statement]) => /^SELECT.* = ANY/.test(statement))
      .map(([, parameters]) => (parameters as [string[]])[0]);
}

describe('GET /api/requests/:request_id/events', () => {
  it('tells at once how far a request is, and then each change until it is done', async () => {
    const id = await insertOpen();
    const client = await listen(id);
    await client.until(({ events }) => events.length === 1);
    await begin(id);
    await client.until(({ events }) => events.length === 2);
    await complete(id, 3);
    await client.until(({ events }) => events.length === 3);
    await end(id);
    await client.closed();
    expect(told(client)).toEqual([
      ['1-0', 'progress', 'pending', 0],
      ['1-0', 'progress', 'processing', 0],
      ['1-3', 'progress', 'processing', 3],
      ['1-10', 'progress', 'completed', 10],
      ['1-done', 'done', 'completed', 10],
    ]);
    expect(client.ended).toBe(true);
  });

  it('has the body of the status without products', async () => {
    const id = await insertOpen();
    const client = await listen(id);
    await client.until(({ events }) => events.length === 1);
    const { body } = await server.get(`/api/status/${id}?products=false`);
    expect(client.events[0]!.data).toEqual(body);
    await end(id);
    await client.closed();
    const done = (await server.get(`/api/status/${id}?products=false`)).body;
    expect(client.events.map(({ data }) => data)).toEqual([body, done, done]);
  });

  it('answers with the headers of a stream that nobody may hold back', async () => {
    const client = await listen(await insertOpen());
    expect(client.response.statusCode).toBe(200);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    await client.until(({ raw }) => raw !== '');
    expect(client.raw.match(/retry: .*/g)).toEqual(['retry: 3000']);
    expect(client.raw.startsWith('retry: 3000\n')).toBe(true);
  });

  it.each(['completed', 'failed', 'cancelled'] as const)('is over at once when it was %s', async (status) => {
    const { id } = await insertRequest(server.dataSource, [product('SKU1', [completed(), failed()])], {
      status,
    });
    const client = await (await listen(id)).closed();
    expect(told(client)).toEqual([
      ['1-2', 'progress', status, 1],
      ['1-done', 'done', status, 1],
    ]);
    expect(client.ended).toBe(true);
  });

  it('goes on with a new run that began before anybody looked', async () => {
    const id = await insertOpen();
    const client = await listen(id);
    await client.until(({ events }) => events.length === 1);
    await change(id, `run = 2, status = 'pending'`);
    await client.until(({ events }) => events.length === 2);
    expect(client.events[1]!.id).toBe('2-0');
    await end(id);
    expect((await client.closed()).events.at(-1)!.id).toBe('2-done');
  });

  it('tells that the remaining time is not known any more', async () => {
    const id = await insertOpen();
    await change(
      id,
      `status = 'processing', completed_count = 4, speed = 10,
       started_at = now() - interval '60 s', progressed_at = now() - interval '4.5 s'`,
    );
    const client = await listen(id);
    await client.until(({ events }) => events.length === 2);
    expect(client.events.map(({ data }) => data.eta_seconds)).toEqual([1, null]);
  });

  it('gives 404 for what is not there, not a UUID, or someone else’s', async () => {
    const { id } = await insertRequest(server.dataSource, undefined, { ownerId: 'alice' });
    for (const [value, owner] of [[uuidv7()], ['42'], [`${id}x`], [id], [id, 'bob']]) {
      expect(await server.get(`/api/requests/${value}/events`, owner)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    }
    const client = await (await listen(id, { 'x-test-owner': 'alice' })).closed();
    expect(client.events.map(({ event }) => event)).toEqual(['progress', 'done']);
  });
});

describe('a listener that comes back', () => {
  const status = async (id: string, lastEventId: string): Promise<number> =>
    (await listen(id, { 'last-event-id': lastEventId })).response.statusCode!;

  it('is told not to when it knows the end', async () => {
    const { id } = await insertRequest(server.dataSource);
    expect(await status(id, '1-done')).toBe(204);
    expect(streams()).toEqual([]);
  });

  it('gets a stream when another run has begun, or has ended', async () => {
    const { id } = await insertRequest(server.dataSource, undefined, { run: 2 });
    expect(await status(id, '1-done')).toBe(200);
    await change(id, `status = 'pending'`);
    expect(await status(id, '2-done')).toBe(200);
  });

  it.each(['1-1', '', '1', 'done', '1-done2', '-done', 'x'.repeat(5000)])(
    'gets a stream when it knows no end: %.10s',
    async (lastEventId) => {
      const { id } = await insertRequest(server.dataSource);
      expect(await status(id, lastEventId)).toBe(200);
    },
  );
});

describe('many listeners', () => {
  it('cost one query for each look, whatever they listen to, and none when they are gone', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => insertOpen()));
    const all = await Promise.all(Array.from({ length: 200 }, (_, n) => listen(ids[n % 20]!)));
    await Promise.all(all.map((client) => client.until(({ events }) => events.length === 1)));
    const looks = watchLooks();
    const began = Date.now();
    for (let round = 2; round < 5; round += 1) {
      await complete(ids);
      await Promise.all(all.map((client) => client.until(({ events }) => events.length === round)));
    }
    const seconds = (Date.now() - began) / 1000;
    expect(looks().length).toBeGreaterThanOrEqual(3);
    expect(looks().length).toBeLessThanOrEqual(seconds / 0.5 + 1);
    expect(new Set(looks().map((asked) => asked.length))).toEqual(new Set([20]));
    expect(new Set(all.map((client) => JSON.stringify(told(client)))).size).toBe(1);

    all.forEach((client) => client.leave());
    await allForgotten();
    // The one that comes now is the only one that is asked for.
    const looksForLast = watchLooks();
    const last = await listen(ids[0]!);
    await complete(ids);
    await last.until(({ events }) => events.length === 2);
    expect(new Set(looksForLast().flat())).toEqual(new Set([ids[0]]));
    last.leave();
    await allForgotten();
    // The look that was due when it left is the last moment for one.
    const looksForNobody = watchLooks();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(looksForNobody()).toEqual([]);
  });

  it('are told twice a second at most', async () => {
    const id = await insertOpen(1_000_000);
    const client = await listen(id);
    const times: number[] = [];
    client.response.on('data', () => times.push(Date.now()));
    while (client.events.length < 5) await complete(id);
    // After the first change three more, each half a second later; the rest is for how late a chunk may be seen.
    expect(times[4]! - times[1]!).toBeGreaterThan(1000);
  });
});

describe('a listener', () => {
  it('hears a heartbeat when nothing happens', async () => {
    jest.useFakeTimers({ doNotFake: [...ALL_BUT_INTERVALS] });
    try {
      const client = await listen(await insertOpen());
      await client.until(({ events }) => events.length === 1);
      const { length } = client.raw;
      for (let n = 1; n <= 2; n += 1) {
        jest.advanceTimersByTime(15_000);
        await client.until(({ raw }) => raw.length >= length + 3 * n);
      }
      expect(client.raw.slice(length)).toBe(':\n\n:\n\n');
    } finally {
      jest.useRealTimers();
    }
  });

  it('that reads slowly gets the latest in the end, and costs no memory until then', async () => {
    const id = await insertOpen(1_000_000);
    // A long label, so that the buffers of the two ends are full soon.
    await change(id, `status = 'processing', label = repeat('x', 4000000)`);
    const client = await listen(id);
    client.response.pause();
    const looks = watchLooks();
    for (let round = 1; round <= 5; round += 1) {
      await complete(id);
      await waitFor('the next look', async () => looks().length > round);
    }
    const [stream] = streams() as [EventStream];
    expect(stream.readableLength).toBe(0);
    expect(stream.readableFlowing).toBe(false);
    await end(id);
    await waitFor('the look that finds the end', async () => looks().length > 7);
    client.response.resume();
    await client.closed();
    const ids = client.events.map((event) => event.id);
    expect(ids.slice(-2)).toEqual(['1-1000000', '1-done']);
    expect(ids.length).toBeLessThan(6);
    expect(client.ended).toBe(true);
  });

  it('that goes away is forgotten, also before it has an answer', async () => {
    const id = await insertOpen();
    const client = await listen(id);
    client.leave();
    await allForgotten();
    // One that is answered, and one behind it on the same connection that has to wait.
    const { socket, send } = await rawConnection(server.url);
    send(`GET /api/requests/${id}/events HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(2));
    await waitFor('both to be taken', async () => streams().length === 3);
    socket.destroy();
    await allForgotten();
    expect(streams().length).toBe(3);
  });

  it('is not made of a HEAD', async () => {
    const id = await insertOpen();
    const answer = await fetch(`${server.url}/api/requests/${id}/events`, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    await allForgotten();
    expect(streams().length).toBe(1);
  });

  it('comes to an end without "done" when the request is removed', async () => {
    const id = await insertOpen();
    const client = await listen(id);
    await client.until(({ events }) => events.length === 1);
    await server.dataSource.query('DELETE FROM processing_request WHERE id = $1', [id]);
    await client.closed();
    expect(client.events.map(({ event }) => event)).toEqual(['progress']);
    expect(client.ended).toBe(true);
  });

  it('outlives an outage of the database, which is logged once', async () => {
    const id = await insertOpen();
    const warnings: string[] = [];
    Logger.overrideLogger({
      log: () => undefined,
      error: () => undefined,
      warn: (line) => warnings.push(line),
    });
    try {
      const client = await listen(id);
      await client.until(({ events }) => events.length === 1);
      for (let outage = 1; outage <= 2; outage += 1) {
        const looks = watchLooks();
        await server.dataSource.query('ALTER TABLE processing_request RENAME TO away');
        await waitFor('a second look in vain', async () => looks().length >= 3);
        await server.dataSource.query('ALTER TABLE away RENAME TO processing_request');
        await complete(id);
        await client.until(({ events }) => events.length === outage + 1);
        expect(warnings.length).toBe(outage);
      }
      expect(warnings[0]).toContain('no progress is told for now');
    } finally {
      Logger.overrideLogger(false);
    }
  });
});

describe('a process that stops', () => {
  let stopping: RequestsApp;
  beforeEach(async () => (stopping = await startRequestsApp()));

  async function insertThere(): Promise<string> {
    return (await insertRequest(stopping.dataSource, [product('SKU1', [pending()])], { status: 'pending' }))
      .id;
  }
  const listenThere = async (id: string): Promise<Client> => {
    const client = await EventStreamClient.open<RequestBody>(`${stopping.url}/api/requests/${id}/events`);
    clients.push(client);
    return client;
  };

  it('ends all streams, and does not wait for a reader who has paused', async () => {
    const id = await insertThere();
    const all = await Promise.all(Array.from({ length: 3 }, () => listenThere(id)));
    await Promise.all(all.map((client) => client.until(({ events }) => events.length === 1)));
    const slow = await listenThere(id);
    slow.response.pause();
    await stopping.dataSource.query(
      `UPDATE processing_request SET label = repeat('x', 8000000), status = 'processing'`,
    );
    await Promise.all(
      all.map((client) => client.until(({ raw }) => raw.length > 8e6 && raw.endsWith('\n\n'))),
    );
    await waitFor('a reader to be behind', async () =>
      streams().some(({ readableFlowing }) => readableFlowing === false),
    );
    await stopping.close();
    await Promise.all(all.map((client) => client.closed()));
    expect(all.every(({ ended }) => ended)).toBe(true);
    expect(new Set(all.flatMap(({ events }) => events.map(({ event }) => event)))).toEqual(
      new Set(['progress']),
    );
    slow.response.resume();
    expect((await slow.closed()).ended).toBe(false);
  });

  it('tells who comes now where the request stands, and sends him on', async () => {
    const id = await insertThere();
    // As with APP_MODE=all, whose jobs have time to end while the server still takes requests.
    stopping.app.get(ProgressWatch).onModuleDestroy();
    const client = await (await listenThere(id)).closed();
    expect(client.raw).toMatch(/^retry: 3000\nid: 1-0\nevent: progress\n/);
    expect(client.ended).toBe(true);
    await stopping.close();
  });
});
