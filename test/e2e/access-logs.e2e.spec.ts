import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateApiKey } from '../../src/config/api-key.js';
import { mistyped } from '../support/keys.js';
import { createTestDatabase } from '../support/postgres.js';
import { sendAsItIs } from '../support/send-as-it-is.js';
import { startProcess } from '../support/service-process.js';
import { CSV, FILE, formOf } from '../support/upload-form.js';

const SHOP = generateApiKey();
const OPERATORS = 'correct-horse-battery-staple';
const UNKNOWN = generateApiKey();

/** What stays of a key when it is cut, written in base64 or taken from a header of Basic. */
const tracesOf = (key: string): string[] => [
  key,
  key.slice(9, 25),
  key.slice(-16),
  Buffer.from(key).toString('base64').slice(4, 40),
  Buffer.from(`:${key}`).toString('base64').slice(4, 40),
  Buffer.from(`a:${key}`).toString('base64').slice(4, 40),
];

it('no key, right or wrong, gets into a line of the log or into an answer', async () => {
  const database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  const service = await startProcess({
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    LOG_LEVEL: 'trace',
    API_KEYS: `shop:${SHOP},operator:${OPERATORS}`,
  });
  const keys = [SHOP, OPERATORS, UNKNOWN, mistyped(SHOP), SHOP.slice(0, -2)];
  const answers: string[] = [];
  const post = async (path: string, init: RequestInit): Promise<void> => {
    const response = await fetch(service.url + path, { method: 'POST', ...init });
    answers.push(JSON.stringify([...response.headers]) + (await response.text()));
  };
  try {
    for (const key of keys) {
      for (const [path, options] of [
        ['/api/requests', { headers: { authorization: `Bearer ${key}` } }],
        ['/api/requests', { headers: { 'x-api-key': key } }],
        ['/api/requests', { headers: { 'x-api-key': key, authorization: `Bearer ${UNKNOWN}` } }],
        ['/api/requests', { headers: { cookie: `key=${key}` } }],
        ['/api/requests', { auth: `a:${key}` }],
        ['/api/requests', { auth: `:${key}` }],
        [`/api/requests?api_key=${key}`, {}],
        [`/api/requests?limit=0&api_key=${key}`, { headers: { 'x-api-key': SHOP } }],
        ['/api/requests/no-id', { headers: { 'x-api-key': key } }],
        ['/nowhere', { headers: { 'x-api-key': key } }],
        ['/health/ready', { headers: { 'x-api-key': key, 'x-forwarded-for': '203.0.113.9' } }],
      ] as const) {
        const { headers, body } = await sendAsItIs(service.url, 'GET', path, options);
        answers.push(JSON.stringify(headers) + body);
      }
      await post('/api/upload', { body: formOf([FILE], CSV), headers: { 'x-api-key': key } });
      await post('/api/upload', { body: formOf([FILE], 'no CSV'), headers: { 'x-api-key': key } });
      await post('/api/webhooks', {
        body: '{"webhook_url": 1',
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
      });
    }
  } finally {
    await service.end('SIGTERM');
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  }
  const log = service.output();
  // It was listened to: a line of each, and those of the keys that came from API_KEYS.
  expect(log.split('\n').filter((line) => line.includes('/api/requests')).length).toBeGreaterThan(30);
  expect(log).toMatch(/API_KEYS: shop may call now, with key_[0-9a-f]{16}/);
  expect(answers.filter((answer) => answer.includes('"unauthorized"')).length).toBeGreaterThan(30);
  for (const trace of keys.flatMap(tracesOf)) {
    expect(log).not.toContain(trace);
    expect(answers.filter((answer) => answer.includes(trace))).toEqual([]);
  }
});
