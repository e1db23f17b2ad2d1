import type { ServerResponse } from 'node:http';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { fakeDate } from './fake-date.js';
import { Workbench } from './workbench.js';

/** Two workers on one database. */
let database: TestDatabase;
let first: Workbench;
let second: Workbench;
let receiver: WebhookReceiver;
/** Answers that the receiver keeps back until the test gives them. */
let held: ServerResponse[];

beforeEach(async () => {
  database = await createTestDatabase();
  first = await Workbench.open(database.url);
  second = await Workbench.open(database.url);
  receiver = await startWebhookReceiver();
  held = [];
});

afterEach(async () => {
  jest.useRealTimers();
  await receiver.close();
  await first.close();
  await second.close();
  await database.drop();
});

const holdAnswer = (_request: unknown, response: ServerResponse): void => void held.push(response);
const answerHeld = (): void => held.splice(0).forEach((response) => response.writeHead(204).end());

async function endpointWithEvents(bench: Workbench, count: number): Promise<WebhookEndpoint> {
  const endpoint = await bench.register(receiver.url());
  await Promise.all(Array.from({ length: count }, () => bench.finishRequest()));
  return endpoint;
}

const ids = (): (string | undefined)[] => receiver.posts.map(({ headers }) => headers['webhook-id']);
const statuses = async (bench: Workbench): Promise<Record<string, number>> => {
  const rows = await bench.rows<{ status: string; count: string }>(
    `SELECT status, count(*)::int FROM webhook_delivery GROUP BY status`,
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
};
const leaseIsFree = async (bench: Workbench): Promise<boolean> =>
  (await bench.rows(`SELECT 1 FROM webhook_endpoint WHERE lease_until IS NOT NULL`)).length === 0;

describe('drain', () => {
  it('sends nothing twice when workers are woken together', async () => {
    const { id } = await endpointWithEvents(first, 20);
    await Promise.all([first.drain(id), second.drain(id), first.drain(id), second.drain(id)]);
    expect(receiver.posts).toHaveLength(20);
    expect(new Set(ids()).size).toBe(20);
    expect(await statuses(first)).toEqual({ delivered: 20 });
    expect(await leaseIsFree(first)).toBe(true);
  });

  it('has at most four attempts under way at an endpoint, and goes on as each ends', async () => {
    receiver.script.push(holdAnswer);
    const { id } = await endpointWithEvents(first, 6);
    const draining = first.drain(id);
    await receiver.arrived(4);
    await second.drain(id);
    expect(receiver.posts).toHaveLength(4);

    held.shift()!.writeHead(204).end();
    await receiver.arrived(5);
    receiver.script.push({ status: 204 });
    answerHeld();
    await receiver.arrived(6);
    answerHeld();
    await draining;
    expect(receiver.mostAtOnce()).toBe(4);
    expect(await statuses(first)).toEqual({ delivered: 6 });
  });

  it('sends what comes while it is at it, and lets it not wait for an answer that hangs', async () => {
    receiver.script.push(holdAnswer, { status: 204 });
    const { id } = await endpointWithEvents(first, 1);
    const draining = first.drain(id);
    await receiver.arrived(1);
    await second.finishRequest();
    await second.drain(id);
    expect(receiver.posts).toHaveLength(1);
    await receiver.arrived(2);
    answerHeld();
    await draining;
    expect(await statuses(first)).toEqual({ delivered: 2 });
  });

  it('goes to the end of the queue after half a minute, however much is due', async () => {
    const { id } = await endpointWithEvents(first, 1);
    const [look, clock] = [first.due.at.bind(first.due), performance.now.bind(performance)];
    let passed = 0;
    const now = jest.spyOn(performance, 'now').mockImplementation(() => clock() + passed);
    const looks = jest.spyOn(first.due, 'at').mockImplementation(async (...args) => {
      // The first attempt is over: much comes, and it is late.
      if (looks.mock.calls.length === 2) {
        await Promise.all(Array.from({ length: 9 }, () => second.finishRequest()));
        passed = 30_000;
      }
      return await look(...args);
    });
    await first.drain(id);
    now.mockRestore();
    expect(await statuses(first)).toEqual({ delivered: 5, pending: 5 });
    expect(await first.wakeupDelays(id)).toEqual([0]);
  });

  it('asks to be woken for the next attempt', async () => {
    receiver.script.push({ status: 500 });
    const { id } = await endpointWithEvents(first, 1);
    await first.drain(id);
    const [delay, ...more] = await first.wakeupDelays(id);
    expect(delay).toBeGreaterThan(2000);
    expect(delay).toBeLessThan(6500); // the step of 5 s, a fifth more, and the quarter of a second it is rounded up to
    expect(more).toEqual([]);
  });

  it('begins nothing new when the process stops, lets what is under way end and gives the endpoint back', async () => {
    receiver.script.push(holdAnswer);
    const { id } = await endpointWithEvents(first, 6);
    const stopping = new AbortController();
    const draining = first.drain(id, stopping.signal);
    await receiver.arrived(4);
    stopping.abort();
    answerHeld();
    await draining;
    expect(receiver.posts).toHaveLength(4);
    expect(await statuses(first)).toEqual({ delivered: 4, pending: 2 });
    expect(await leaseIsFree(first)).toBe(true);
    expect(await first.wakeupDelays(id)).toEqual([0]);
  });

  it('gives up what is under way when the time to stop is over: no attempt is recorded', async () => {
    receiver.script.push(holdAnswer);
    const { id } = await endpointWithEvents(first, 1);
    const stop = new AbortController();
    const draining = first.drain(id, stop.signal, stop.signal);
    await receiver.arrived(1);
    stop.abort();
    await draining;
    expect(await first.rows(`SELECT 1 FROM webhook_attempt`)).toEqual([]);
    expect(await statuses(first)).toEqual({ pending: 1 });
    expect(await leaseIsFree(first)).toBe(true);
  });

  it('repeats with the same id what a crashed worker had sent and not written down, once its lease is over', async () => {
    receiver.script.push(holdAnswer, { status: 204 });
    const { id } = await endpointWithEvents(first, 1);
    const crashing = first.drain(id);
    await receiver.arrived(1);
    await first.dataSource.destroy();
    answerHeld();
    await expect(crashing).rejects.toThrow('not Connected');

    await second.drain(id);
    expect(receiver.posts).toHaveLength(1);
    expect(await second.due.wakeDue()).toBe(0);

    await second.rows(`UPDATE webhook_endpoint SET lease_until = now() WHERE id = $1`, [id]);
    expect(await second.due.wakeDue()).toBe(1);
    await second.drain(id);
    expect(receiver.posts).toHaveLength(2);
    expect(ids()[1]).toBe(ids()[0]);
    expect(receiver.posts[1]!.body.equals(receiver.posts[0]!.body)).toBe(true);
    expect(await statuses(second)).toEqual({ delivered: 1 });
  });

  it.each([
    [204, 500],
    [500, 204],
  ])(
    'writes both down when a worker that stood still was overtaken, and the success stands: %i, %i',
    async (other, own) => {
      receiver.script.push(holdAnswer, { status: other });
      const { id } = await endpointWithEvents(first, 1);
      const sleeping = first.drain(id);
      await receiver.arrived(1);
      await second.rows(`UPDATE webhook_endpoint SET lease_until = now() WHERE id = $1`, [id]);
      await second.drain(id);
      held.shift()!.writeHead(own).end();
      await sleeping;

      expect(await statuses(first)).toEqual({ delivered: 1 });
      const attempts = await first.rows(`SELECT number, status_code FROM webhook_attempt ORDER BY number`);
      expect(attempts).toEqual([
        { number: 1, status_code: other },
        { number: 2, status_code: own },
      ]);
    },
  );

  it('leaves the lease of the worker that overtook it alone', async () => {
    receiver.script.push(holdAnswer);
    const { id } = await endpointWithEvents(first, 1);
    const sleeping = first.drain(id);
    await receiver.arrived(1);
    await second.rows(`UPDATE webhook_endpoint SET lease_until = now() WHERE id = $1`, [id]);
    const overtaking = second.drain(id);
    await receiver.arrived(2);

    held.shift()!.writeHead(204).end();
    await sleeping;
    expect(await leaseIsFree(first)).toBe(false);
    answerHeld();
    await overtaking;
    expect(await leaseIsFree(first)).toBe(true);
  });
});

describe('wakeDue', () => {
  it('finds the endpoints with deliveries due and nobody at it', async () => {
    const idle = await endpointWithEvents(first, 2);
    const disabled = await first.register(receiver.url(), { ownerId: 'disabled' });
    const later = await first.register(receiver.url(), { ownerId: 'later' });
    await first.finishRequest('disabled');
    await first.finishRequest('later');
    await first.rows(`UPDATE webhook_endpoint SET enabled = false WHERE id = $1`, [disabled.id]);
    await first.rows(
      `UPDATE webhook_delivery SET next_attempt_at = now() + interval '1 h' WHERE endpoint_id = $1`,
      [later.id],
    );
    expect(await first.due.wakeDue()).toBe(1);
    await first.rows(`UPDATE webhook_endpoint SET lease_until = now() + interval '1 min' WHERE id = $1`, [
      idle.id,
    ]);
    expect(await first.due.wakeDue()).toBe(0);
  });
});

describe('wake', () => {
  it('puts a job of its own each time: the one before may be past its last look', async () => {
    await first.wakeups.wake(['whk_a', 'whk_b']);
    await first.wakeups.wake(['whk_a']);
    expect(await first.wakeupDelays('whk_a')).toEqual([0, 0]);
    expect(await first.wakeupDelays('whk_b')).toEqual([0]);
  });

  it('folds those for the same moment of an endpoint into one, never before their time', async () => {
    const now = Date.now();
    const tick = now - (now % 1000);
    fakeDate(tick + 10);
    await first.wakeups.wake(['whk_a'], 60_000);
    jest.setSystemTime(tick + 110);
    await first.wakeups.wake(['whk_a'], 59_900);
    await first.wakeups.wake(['whk_b'], 59_900);
    expect(await first.wakeupDelays('whk_a')).toEqual([60_240]);
    expect(await first.wakeupDelays('whk_b')).toEqual([60_140]);
    await first.wakeups.wake(['whk_a'], 60_200);
    expect(await first.wakeupDelays('whk_a')).toHaveLength(2);
  });
});
