import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { DeliveryPage } from '../../../src/webhooks/deliveries.dto.js';
import type { RegisteredWebhookDto } from '../../../src/webhooks/webhooks.dto.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startProcess, type ServiceProcess } from '../../support/service-process.js';
import { waitFor } from '../../support/wait-for.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';

let database: TestDatabase;
let directory: string;
let receiver: WebhookReceiver;
let service: ServiceProcess;
/** Every answer but those that give a secret away because they must. */
let answers: string;

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'halftone-secrets-'));
  receiver = await startWebhookReceiver({ status: 500, body: 'oops' }, { status: 410 });
  service = await startProcess({ DATABASE_URL: database.url, DATA_DIR: directory, LOG_LEVEL: 'trace' });
  answers = '';
});

afterAll(async () => {
  await service.end('SIGKILL');
  await receiver.close();
  await database.drop();
  await rm(directory, { recursive: true });
});

async function call(method: string, path: string, json?: unknown): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${service.url}/api${path}`, {
    method,
    ...(json !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    }),
  });
  return { status: answer.status, text: await answer.text() };
}
/** The same for a call whose answer must not have a secret in it. */
async function look(method: string, path: string, json?: unknown): Promise<{ status: number; text: string }> {
  const answer = await call(method, path, json);
  answers += answer.text;
  return answer;
}

describe('the secret of an endpoint', () => {
  it('is in no answer but that of its registration or rotation, and in no line of the log', async () => {
    const registered = await call('POST', '/webhooks', { webhook_url: receiver.url() });
    const { webhook_id: id, secret } = JSON.parse(registered.text) as RegisteredWebhookDto;
    const rotated = await call('POST', `/webhooks/${id}/rotate-secret`);
    const secrets = [secret, (JSON.parse(rotated.text) as RegisteredWebhookDto).secret];
    for (const known of secrets) expect(known).toMatch(/^whsec_/);

    // One attempt that fails, one that disables, every route, and an error of our own.
    const { text } = await look('POST', `/webhooks/${id}/test`);
    const { delivery_id } = JSON.parse(text) as DeliveryPage['data'][number];
    await receiver.arrived(1);
    await waitFor('the attempt in the log', async () =>
      (await look('GET', `/deliveries/${delivery_id}`)).text.includes('oops'),
    );
    await look('POST', `/deliveries/${delivery_id}/redeliver`);
    await receiver.arrived(2);
    await waitFor('the end of the endpoint', async () =>
      (await look('GET', `/webhooks/${id}`)).text.includes('410'),
    );
    await look('GET', '/webhooks');
    await look('GET', `/webhooks/${id}/deliveries`);
    await look('POST', `/webhooks/${id}/test`);
    await look('PATCH', `/webhooks/${id}`, { enabled: true, webhook_url: receiver.url('/new'), secret });
    await look('PATCH', `/webhooks/${id}`, { enabled: true });
    await look('POST', `/webhooks/${id}/redeliver`, { since: '2020-01-01' });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(
      `ALTER TABLE webhook_endpoint ADD CONSTRAINT broken CHECK (retired_secrets = '[]') NOT VALID`,
    );
    await client.end();
    expect((await look('POST', `/webhooks/${id}/rotate-secret`)).status).toBe(500);
    await look('DELETE', `/webhooks/${id}`);

    expect(service.output()).toContain('is disabled');
    expect(service.output()).toContain('violates check constraint');
    for (const known of secrets) {
      const key = known.slice('whsec_'.length);
      expect(answers).not.toContain(key);
      expect(service.output()).not.toContain(key);
    }
  });
});
