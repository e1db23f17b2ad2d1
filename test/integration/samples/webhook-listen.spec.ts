import type { ServerResponse } from 'node:http';
import { generateApiKey } from '../../../src/config/api-key.js';
import { freePort } from '../../../src/net/free-port.js';
import { startService, type TestService } from '../../support/service.js';
import { waitFor } from '../../support/wait-for.js';
import {
  endAll,
  post,
  problem,
  SECRET,
  startApi,
  startListener,
  startListenerWithKey,
  TEST_EVENT,
  WEBHOOK_ID,
} from './webhook-listen-workbench.js';

const REGISTER = 'POST /api/webhooks';
const TEST = `POST /api/webhooks/${WEBHOOK_ID}/test`;
const DELETE = `DELETE /api/webhooks/${WEBHOOK_ID}`;

const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const COMPLETED = {
  type: 'request.completed',
  timestamp: '2026-11-20T14:03:05.000Z',
  request_id: '01a1fc1c-c84f-77fd-8b9d-cb4a5fe397c6',
  status: 'completed',
  message: 'Processing completed',
  output_csv_url: 'http://127.0.0.1:3000/api/download/01a1fc1c-c84f-77fd-8b9d-cb4a5fe397c6',
  data: {
    image_count: 35,
    counts: { pending: 0, completed: 34, failed: 1, cancelled: 0 },
    bytes: { input: 8_600_000, output: 2_900_000, saved: 5_700_000 },
  },
};

afterEach(endAll);

describe('npm run webhook:listen', () => {
  it('registers itself, asks for a test event, and prints it', async () => {
    const api = await startApi();
    const listener = startListener('--api', `${api.url}/`, '--port', '0');
    await listener.printed(/endpoint\.test\n(.*\n)*? +signature: valid\n +answered: 204\n/);
    expect(api.calls).toEqual([REGISTER, TEST]);
    expect(api.registeredUrl).toBe(await listener.url());
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('deletes its endpoint at %s, once', async (signal) => {
    const api = await startApi();
    const listener = startListener('--api', api.url, '--port', '0');
    await listener.printed(/answered: 204/);
    listener.signal(signal);
    listener.signal(signal);
    expect(await listener.ended()).toBe(0);
    expect(api.calls).toEqual([REGISTER, TEST, DELETE]);
    expect(listener.output()).toContain(`Endpoint ${WEBHOOK_ID} is deleted.`);
  });

  it('deletes its endpoint and ends in silence when nobody reads on', async () => {
    const api = await startApi();
    const listener = startListener('--api', api.url, '--port', '0');
    await listener.printed(/answered: 204/);
    const before = listener.output();
    listener.closePipe();
    expect(await post(await listener.url(), COMPLETED)).toBe(204);
    expect(await listener.ended()).toBe(0);
    expect(api.calls).toEqual([REGISTER, TEST, DELETE]);
    expect(listener.output()).toBe(before);
  });

  it('can be ended while the API keeps it waiting', async () => {
    const api = await startApi({ [TEST]: () => {} });
    const listener = startListener('--api', api.url, '--port', '0');
    await waitFor('the test event to be asked for', async () => api.calls.includes(TEST));
    listener.signal('SIGINT');
    expect(await listener.ended()).toBe(0);
    expect(api.calls).toEqual([REGISTER, TEST, DELETE]);
  });

  it('deletes what was being registered while it was ended', async () => {
    let held: ServerResponse | undefined;
    const api = await startApi({ [REGISTER]: (response) => (held = response), [TEST]: () => {} });
    const listener = startListener('--api', api.url, '--port', '0');
    await waitFor('the registration', async () => held !== undefined);
    listener.signal('SIGINT');
    held!.writeHead(201).end(JSON.stringify({ webhook_id: WEBHOOK_ID, secret: SECRET }));
    expect(await listener.ended()).toBe(0);
    expect(api.calls.at(-1)).toBe(DELETE);
  });

  it('says how to start the API when there is none', async () => {
    const listener = startListener('--api', `http://127.0.0.1:${await freePort()}`, '--port', '0');
    expect(await listener.ended()).toBe(1);
    expect(listener.output()).toMatch(/^No answer from the API at \S+ \(ECONNREFUSED\)\.\n/);
    expect(listener.output()).toContain('ALLOW_PRIVATE_ADDRESSES=true npm start');
    expect(listener.output()).not.toContain('    at ');
  });

  it('says how to start the API when that refuses loopback', async () => {
    const refusal = problem(422, 'webhook_url_invalid', 'The host of the URL is not public.');
    const api = await startApi({ [REGISTER]: refusal });
    const listener = startListener('--api', api.url, '--port', '0');
    expect(await listener.ended()).toBe(1);
    expect(listener.output()).toContain('The host of the URL is not public.\n');
    expect(listener.output()).toContain('ALLOW_PRIVATE_ADDRESSES=true npm start');
    expect(api.calls).toEqual([REGISTER]);
  });

  it('tells any other problem, and deletes what it had registered', async () => {
    const api = await startApi({ [TEST]: problem(404, 'not_found', 'There is no such endpoint.') });
    const listener = startListener('--api', api.url, '--port', '0');
    expect(await listener.ended()).toBe(1);
    expect(listener.output()).toContain(`${TEST} answered 404: There is no such endpoint.\n`);
    expect(api.calls).toEqual([REGISTER, TEST, DELETE]);
  });

  it('does not mind that someone else has deleted its endpoint', async () => {
    const api = await startApi({ [DELETE]: problem(404, 'not_found', 'There is no such endpoint.') });
    const listener = startListener('--api', api.url, '--port', '0');
    await listener.printed(/answered: 204/);
    listener.signal('SIGINT');
    expect(await listener.ended()).toBe(0);
  });

  it('knows that something else answers in the place of the API', async () => {
    const api = await startApi({ [REGISTER]: (response) => response.end('<h1>It works!</h1>') });
    const listener = startListener('--api', api.url, '--port', '0');
    expect(await listener.ended()).toBe(1);
    expect(listener.output()).toContain('is not Halftone');
  });
});

describe('npm run webhook:listen at an API with keys', () => {
  const KEY = generateApiKey();

  it('sends the key of API_KEY with every call, and shows it nowhere', async () => {
    const api = await startApi();
    const listener = startListenerWithKey(KEY, '--api', api.url, '--port', '0');
    await listener.printed(/answered: 204/);
    listener.signal('SIGINT');
    expect(await listener.ended()).toBe(0);
    expect(api.calls).toEqual([REGISTER, TEST, DELETE]);
    expect(api.authorizations).toEqual(api.calls.map(() => `Bearer ${KEY}`));
    expect(listener.output()).not.toContain(KEY);
  });

  it.each([
    [401, '', 'Send a key.', 'Put a key into the variable API_KEY'],
    [401, KEY, 'There is no such key.', 'The key was that of API_KEY, or else'],
    [403, KEY, 'The key lacks the scope webhooks:manage.', 'Give API_KEY a key with that scope.'],
  ])('says what to do after a %d', async (status, key, detail, advice) => {
    const api = await startApi({ [REGISTER]: problem(status, 'refused', detail) });
    const listener = startListenerWithKey(key, '--api', api.url, '--port', '0');
    expect(await listener.ended()).toBe(1);
    expect(listener.output()).toContain(`${REGISTER} answered ${status}: ${detail}\n${advice}`);
    expect(listener.output()).not.toContain(KEY);
  });

  it('is let in by the service itself', async () => {
    const service = await startService({ API_KEYS: `shop:${KEY}` });
    try {
      const without = startListener('--api', service.api.url, '--port', '0');
      expect(await without.ended()).toBe(1);
      expect(without.output()).toContain('answered 401');
      const listener = startListenerWithKey(KEY, '--api', service.api.url, '--port', '0');
      await listener.printed(/message: This is a test\n(.*\n)*? +signature: valid\n/);
      listener.signal('SIGINT');
      expect(await listener.ended()).toBe(0);
    } finally {
      await service.stop();
    }
  });
});

describe('npm run webhook:listen at the service itself', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startService();
  });

  afterAll(() => service.stop());

  it('gets a test event that is valid, and leaves no endpoint behind', async () => {
    const listener = startListener('--api', service.api.url, '--port', '0');
    await listener.printed(/message: This is a test\n(.*\n)*? +signature: valid\n/);
    expect(await endpointUrls(service)).toEqual([await listener.url()]);
    listener.signal('SIGINT');
    expect(await listener.ended()).toBe(0);
    expect(await endpointUrls(service)).toEqual([]);
  });
});

describe('npm run webhook:listen -- --secret', () => {
  it('prints an event with its figures', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0');
    const url = await listener.url();
    expect(await post(url, COMPLETED, { id: 'evt_7' })).toBe(204);
    await listener.printed(/answered: 204\n/);
    expect(listener.output()).toMatch(/\n\d\d:\d\d:\d\d {2}request\.completed\n/);
    for (const line of [
      '       request: 01a1fc1c-c84f-77fd-8b9d-cb4a5fe397c6, completed\n',
      '    webhook-id: evt_7\n',
      '     signature: valid\n',
      '        images: 34 completed, 1 failed\n',
      '         bytes: 8.6 MB → 2.9 MB, 5.7 MB saved (66 %)\n',
      `    output CSV: ${COMPLETED.output_csv_url}\n`,
    ])
      expect(listener.output()).toContain(line);
  });

  it('prints the whole body with --json', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0', '--json');
    await post(await listener.url(), COMPLETED);
    await listener.printed(/\n\{\n(.*\n)+\}\n/);
    expect(listener.output()).toContain(JSON.stringify(COMPLETED, undefined, 2));
  });

  it('does not believe a forged event, nor one that is too old', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0');
    const url = await listener.url();
    expect(await post(url, COMPLETED, { secret: OTHER_SECRET })).toBe(401);
    await listener.printed(/signature: not valid: No matching signature found\n +answered: 401\n/);
    const at = new Date(Date.now() - 6 * 60_000);
    expect(await post(url, COMPLETED, { at })).toBe(401);
    await listener.printed(/timestamp: (\S+)\n +signature: not valid: Message timestamp too old/);
    expect(listener.output()).toContain(`timestamp: ${at.toISOString().slice(0, 19)}Z\n`);
    expect((await fetch(url, { method: 'POST', body: 'status=completed' })).status).toBe(401);
    await listener.printed(/a POST\n +signature: not valid: Missing required headers/);
    expect(listener.output()).not.toContain('8.6 MB');
  });

  it('knows an event that came before, but not from a forged one', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0');
    const url = await listener.url();
    await post(url, COMPLETED, { secret: OTHER_SECRET });
    await post(url, COMPLETED);
    await listener.printed(/signature: valid\n/);
    expect(listener.output()).not.toContain('seen before');
    expect(await post(url, COMPLETED)).toBe(204);
    await listener.printed(/repeat: seen before: ignored, as receivers should\n/);
    await post(url, TEST_EVENT, { id: 'evt_2' });
    await listener.printed(/endpoint\.test/);
    expect(listener.output().match(/seen before/g)).toHaveLength(1);
  });

  it('answers as --answer says, and knows why the event comes again', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0', '--answer', '500');
    const url = await listener.url();
    expect(await post(url, COMPLETED)).toBe(500);
    expect(await post(url, COMPLETED)).toBe(500);
    await listener.printed(/repeat: seen before: sent again, because it was answered 500\n/);
    expect(await post(url, COMPLETED, { secret: OTHER_SECRET })).toBe(401);
  });

  it('takes POSTs only, and of at most 64 kB', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0');
    const url = await listener.url();
    const get = await fetch(`${url}hook`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    await listener.printed(/GET \/hook: only POST is taken, answered 405\n/);
    expect(await post(url, { type: 'large', filler: 'x'.repeat(70_000) })).toBe(413);
    await listener.printed(/a POST of more than 64 kB, answered 413\n/);
    expect(await post(url, { type: 'smaller', filler: 'x'.repeat(65_000) })).toBe(204);
  });

  it('lets no text steer the terminal', async () => {
    const listener = startListener('--secret', SECRET, '--port', '0');
    await post(await listener.url(), { type: 'a\u001B]0;b\nc', request_id: '\u009B2J' });
    await listener.printed(/answered/);
    expect(listener.output()).toContain('a\uFFFD]0;b\uFFFDc\n');
    expect(listener.output()).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('registers nothing, and ends with 0', async () => {
    const api = await startApi();
    const listener = startListener('--secret', SECRET, '--port', '0', '--api', api.url);
    await listener.url();
    listener.signal('SIGINT');
    expect(await listener.ended()).toBe(0);
    expect(api.calls).toEqual([]);
  });
});

describe('the port of npm run webhook:listen', () => {
  it('must be free when it was asked for', async () => {
    const first = startListener('--secret', SECRET, '--port', '0');
    const port = new URL(await first.url()).port;
    const second = startListener('--secret', SECRET, '--port', port);
    expect(await second.ended()).toBe(1);
    expect(second.output()).toBe(`Port ${port} is taken. Without --port a free one is found.\n`);
  });

  it('is another one when the usual one is taken', async () => {
    const listeners = [startListener('--secret', SECRET), startListener('--secret', SECRET)];
    const urls = await Promise.all(listeners.map((listener) => listener.url()));
    expect(new Set(urls).size).toBe(2);
  });
});

describe('a wrong call of npm run webhook:listen', () => {
  it('ends with 2 and one line', async () => {
    const listener = startListener('--prot', '4011');
    expect(await listener.ended()).toBe(2);
    expect(listener.output()).toMatch(/^Unknown option '--prot'.*\n$/);
  });

  it('may ask for help', async () => {
    const listener = startListener('--help');
    expect(await listener.ended()).toBe(0);
    expect(listener.output()).toContain('--secret');
  });
});

async function endpointUrls({ api }: TestService): Promise<string[]> {
  const { data } = await api.get<{ data: { webhook_url: string }[] }>('/api/webhooks');
  return data.map((endpoint) => endpoint.webhook_url);
}
