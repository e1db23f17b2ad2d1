import type { ServerResponse } from 'node:http';
import type { WebhookEndpoint } from '../../../src/webhooks/webhook-endpoint.entity.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { Workbench } from './workbench.js';

/** As many slow endpoints as a process is at (delivery.processor.ts). */
const SLOW_PLACES = 128;

let database: TestDatabase;
let bench: Workbench;
let receiver: WebhookReceiver;
/** Answers that the receiver keeps back until the test gives them. */
let held: ServerResponse[];

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await Workbench.open(database.url);
  receiver = await startWebhookReceiver();
  held = [];
});

afterEach(async () => {
  await receiver.close();
  await bench.close();
  await database.drop();
});

const holdAnswer = (_request: unknown, response: ServerResponse): void => void held.push(response);
const answerHeld = (): void => held.splice(0).forEach((response) => response.writeHead(204).end());
const makeSlow = (ids: string[]) =>
  bench.rows(`UPDATE webhook_endpoint SET slow = true WHERE id = ANY($1)`, [ids]);
const state = async ({ id }: WebhookEndpoint) => {
  const [row] = await bench.rows<{ slow: boolean; leased: boolean }>(
    `SELECT slow, lease_until IS NOT NULL AS leased FROM webhook_endpoint WHERE id = $1`,
    [id],
  );
  return row!;
};

describe('an endpoint', () => {
  it.each([
    ['fails', { status: 500 }, true],
    ['answers quickly', { status: 204 }, false],
  ])('that %s is known for it from then on', async (_name, answer, slow) => {
    receiver.script.push(answer);
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ slow, leased: false });
  });

  it('that takes two seconds to say yes is slow too, until it is quick', async () => {
    const answerLate = (_request: unknown, response: ServerResponse): void =>
      void setTimeout(() => response.writeHead(204).end(), 2050);
    receiver.script.push(answerLate, { status: 204 });
    const endpoint = await bench.registerWithEvents(receiver.url(), 1);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ slow: true, leased: false });
    await bench.finishRequest(endpoint.ownerId);
    await bench.drain(endpoint.id);
    expect(await state(endpoint)).toEqual({ slow: false, leased: false });
  });

  it('that turns slow gives its place back after the attempts under way, and is woken again', async () => {
    receiver.script.push({ status: 500 });
    const endpoint = await bench.registerWithEvents(receiver.url(), 6);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(4);
    expect(await state(endpoint)).toEqual({ slow: true, leased: false });
    expect(await bench.wakeupDelays(endpoint.id)).toEqual([0]);

    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(6);
  });
});

describe('a slow endpoint', () => {
  it.each([500, 204])('gets one turn of attempts, and is woken for its next (%i)', async (status) => {
    receiver.script.push({ status });
    const endpoint = await bench.registerWithEvents(receiver.url(), 9);
    await makeSlow([endpoint.id]);
    await bench.drain(endpoint.id);
    expect(receiver.posts).toHaveLength(4);
    expect(await bench.wakeupDelays(endpoint.id)).toEqual([0]);
  });
});

describe('when all places for slow endpoints are taken', () => {
  it('a slow one waits, with nothing sent and its lease free, while a healthy one is sent to', async () => {
    receiver.script.push(holdAnswer);
    const owners = Array.from({ length: SLOW_PLACES }, (_, index) => `owner-${index}`);
    const hanging = await Promise.all(
      owners.map((ownerId, index) => bench.register(receiver.url(`/${index}`), { ownerId })),
    );
    await Promise.all(owners.map((ownerId) => bench.finishRequest(ownerId)));
    const waiting = await bench.registerWithEvents(receiver.url('/waiting'), 1);
    const healthy = await bench.registerWithEvents(receiver.url('/healthy'), 1);
    await makeSlow([...hanging, waiting].map(({ id }) => id));
    const drains = hanging.map(({ id }) => bench.drain(id));
    await receiver.arrived(SLOW_PLACES);

    await bench.drain(waiting.id);
    expect(receiver.posts).toHaveLength(SLOW_PLACES);
    expect(await state(waiting)).toEqual({ slow: true, leased: false });
    expect(await bench.wakeupDelays(waiting.id)).toEqual([]);

    receiver.script.push({ status: 204 });
    await bench.drain(healthy.id);
    expect(receiver.posts.at(-1)!.path).toBe('/healthy');
    expect((await bench.log(healthy))[0]!.status).toBe('delivered');

    // Whoever ends lets the first in line have its place.
    held.shift()!.writeHead(204).end();
    await drains[Number(receiver.posts[0]!.path.slice(1))];
    expect(await bench.wakeupDelays(waiting.id)).toEqual([0]);
    await bench.drain(waiting.id);
    expect(receiver.posts.at(-1)!.path).toBe('/waiting');
    answerHeld();
    await Promise.all(drains);
  });
});

describe('wakeDue', () => {
  it('names the healthy endpoints first, and the slow ones by lot', async () => {
    const endpoints: WebhookEndpoint[] = [];
    for (let count = 0; count < 10; count += 1)
      endpoints.push(await bench.registerWithEvents(receiver.url(), 1));
    const slow = endpoints.filter((_endpoint, index) => index % 2 === 0).map(({ id }) => id);
    await makeSlow(slow);
    const wake = jest.spyOn(bench.wakeups, 'wake');
    const orders = new Set<string>();
    for (let look = 0; look < 10; look += 1) {
      await bench.due.wakeDue();
      const [named] = wake.mock.lastCall!;
      expect(named).toHaveLength(10);
      expect(named.slice(5).toSorted()).toEqual(slow.toSorted());
      orders.add(named.slice(5).join());
    }
    wake.mockRestore();
    expect(orders.size).toBeGreaterThan(1);
  });
});
