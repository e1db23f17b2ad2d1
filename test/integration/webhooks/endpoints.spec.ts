import type { WebhookBody, WebhookPage } from '../../../src/webhooks/webhooks.dto.js';
import { startWebhooksApp, type Answer, type WebhooksApp } from './webhooks-app.js';
import type { Workbench } from './workbench.js';

const HOOK = 'https://shop.example/hook';

let app: WebhooksApp;
let bench: Workbench;

beforeAll(async () => {
  app = await startWebhooksApp();
  ({ bench } = app);
});

afterAll(() => app.close());

const page = async (owner: string, query = ''): Promise<WebhookPage> => {
  const answer = (await app.call('GET', `/webhooks${query}`, { owner })) as Answer<WebhookPage>;
  expect(answer.status).toBe(200);
  return answer.body;
};
const idsOf = ({ data }: WebhookPage): string[] => data.map((webhook) => webhook.webhook_id);

describe('GET /api/webhooks', () => {
  it('shows everything of an endpoint but its secret', async () => {
    const ownerId = 'all of it';
    const request = await bench.startRequest(ownerId);
    const endpoint = await bench.register(HOOK, {
      ownerId,
      requestId: request.id,
      events: ['request.failed'],
    });
    await bench.endpoints.rotateSecret(ownerId, endpoint.id);
    const expected: WebhookBody = {
      webhook_id: endpoint.id,
      webhook_url: HOOK,
      request_id: request.id,
      events: ['request.failed'],
      enabled: true,
      disabled_reason: null,
      created_at: expect.stringMatching(/^20\d\d-.*Z$/),
    };
    expect(await page(ownerId)).toEqual({ data: [expected], next_cursor: null });
    expect(await app.call('GET', `/webhooks/${endpoint.id}`, { owner: ownerId })).toEqual({
      status: 200,
      body: expected,
    });
  });

  it('lists the newest first, and walks through all of them once while new ones come in', async () => {
    const ownerId = 'walker';
    const register = async (): Promise<string> => (await bench.register(HOOK, { ownerId })).id;
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) ids.unshift(await register());

    const walked: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const found: WebhookPage = await page(ownerId, `?limit=3${cursor && `&cursor=${cursor}`}`);
      expect(found.data.length).toBeLessThanOrEqual(3);
      walked.push(...idsOf(found));
      cursor = found.next_cursor;
      await register();
    }
    expect(walked).toEqual(ids);
  });

  it('ends without a cursor when the last page is full', async () => {
    const ownerId = 'full';
    await bench.register(HOOK, { ownerId });
    await bench.register(HOOK, { ownerId });
    expect((await page(ownerId, '?limit=2')).next_cursor).toBeNull();
  });

  it('finds those of a request, the enabled and the disabled ones', async () => {
    const ownerId = 'filters';
    const request = await bench.startRequest(ownerId);
    const one = await bench.register(HOOK, { ownerId, requestId: request.id });
    const all = await bench.register(HOOK, { ownerId });
    await bench.endpoints.change(ownerId, all.id, { enabled: false });
    expect(idsOf(await page(ownerId, `?request_id=${request.id}`))).toEqual([one.id]);
    expect(idsOf(await page(ownerId, '?enabled=true'))).toEqual([one.id]);
    expect(idsOf(await page(ownerId, '?enabled=false'))).toEqual([all.id]);
    expect(idsOf(await page(ownerId, `?enabled=false&request_id=${request.id}`))).toEqual([]);
  });

  it('shows nobody the endpoints of someone else, also not with a cursor of theirs', async () => {
    const { id } = await bench.register(HOOK, { ownerId: 'shy' });
    const cursor = Buffer.from(id.replace(/^whk_./, 'whk_f')).toString('base64url');
    expect(idsOf(await page('shy', `?cursor=${cursor}`))).toEqual([id]);
    expect(await page('stranger', `?cursor=${cursor}`)).toEqual({ data: [], next_cursor: null });
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'enabled=yes',
    'enabled=',
    'request_id=7',
    'cursor=x',
    'cursor=',
    `cursor=${Buffer.from('dlv_0199a5b47c1e7d3a9f523b1c6a7e8d90').toString('base64url')}`,
    `cursor=${Buffer.from('whk_\0').toString('base64url')}`,
    'order=asc',
    'limit=1&limit=2',
  ])('refuses ?%s', async (query) => {
    expect(await app.call('GET', `/webhooks?${query}`)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
  });
});

describe('every route of an endpoint or a delivery', () => {
  const routes = [
    ['GET', '/webhooks/:whk', undefined],
    ['PATCH', '/webhooks/:whk', { enabled: false }],
    ['DELETE', '/webhooks/:whk', undefined],
    ['POST', '/webhooks/:whk/rotate-secret', undefined],
    ['POST', '/webhooks/:whk/test', undefined],
    ['GET', '/webhooks/:whk/deliveries', undefined],
    ['POST', '/webhooks/:whk/redeliver', { since: '2026-11-20' }],
    ['GET', '/deliveries/:dlv', undefined],
    ['POST', '/deliveries/:dlv/redeliver', undefined],
  ] as const;
  const strange = [
    'no-id',
    ':prefix_',
    ':prefix_0199a5b47c1e7d3a9f523b1c6a7e8d90',
    ':prefix_0199A5B47C1E7D3A9F523B1C6A7E8D90',
    ':prefix_0199a5b47c1e7d3a9f523b1c6a7e8d9%00',
    '%00',
    `:prefix_${'0'.repeat(90)}`,
    '%27%20OR%201=1--',
  ];
  /** All that is stored, to see that nothing changed. */
  const everything = () =>
    bench.rows(`SELECT to_jsonb(e) - 'created_at' AS endpoint, to_jsonb(d) AS delivery
                FROM webhook_endpoint e LEFT JOIN webhook_delivery d ON d.endpoint_id = e.id ORDER BY e.id, d.id`);

  it.each(routes)('knows no id that nobody has: %s %s', async (method, route, json) => {
    const [, prefix] = /:(whk|dlv)/.exec(route)!;
    for (const text of strange) {
      const path = route.replace(`:${prefix}`, text.replace(':prefix', prefix!));
      expect(await app.call(method, path, { json })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    }
  });

  it.each(routes)(
    "knows nothing of someone else's, and changes nothing: %s %s",
    async (method, route, json) => {
      const endpoint = await bench.registerWithEvents(HOOK, 1);
      const [delivery] = await bench.log(endpoint);
      const path = route.replace(':whk', endpoint.id).replace(':dlv', delivery!.id);
      const before = await everything();
      expect(await app.call(method, path, { owner: 'stranger', json })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
      expect(await everything()).toEqual(before);
      // The same call is one that its owner can make.
      expect((await app.call(method, path, { owner: endpoint.ownerId, json })).status).toBeLessThan(300);
    },
  );
});
