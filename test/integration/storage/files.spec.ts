import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fstatSync, statSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigModule } from '../../../src/config/config.module.js';
import { parseEnv } from '../../../src/config/env.js';
import { ProblemFilter } from '../../../src/errors/problem.filter.js';
import { FilesModule } from '../../../src/storage/files.module.js';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { objectKey, type ObjectExtension } from '../../../src/storage/object-key.js';

const bytes = randomBytes(10_000);
/** More than the sockets' buffers hold, so that a client that does not read leaves it half sent. */
const largeBytes = Buffer.alloc(64 * 1024 ** 2, 7);
const newKey = (extension: ObjectExtension = 'jpg'): string =>
  objectKey({
    requestId: randomUUID(),
    position: 3,
    sourceUrl: 'https://h.example/Red%20Shoe.png',
    extension,
  });

let directory: string;
let disk: LocalDisk;
let app: NestFastifyApplication;
let origin: string;
let key: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'halftone-files-'));
  disk = await LocalDisk.open(directory);
  await writeFile(join(directory, '.halftone-storage-id'), 'secret');

  const env = parseEnv({ STORAGE_URL: `file:${directory}` });
  @Module({ imports: [ConfigModule.forRoot(env), FilesModule] })
  class App {}
  app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new ProblemFilter(env));
  await app.listen(0, '127.0.0.1');
  origin = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  disk.onModuleDestroy();
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  key = newKey();
  await disk.put(key, bytes);
});

const fetchKey = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${origin}/files/${path}`, init);
const bodyOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('GET /files/{key}', () => {
  it('answers the bytes, safe to show anywhere and cacheable for ever', async () => {
    const response = await fetchKey(key);
    expect(response.status).toBe(200);
    expect((await bodyOf(response)).equals(bytes)).toBe(true);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': '10000',
      'content-disposition': 'inline; filename="red-shoe.jpg"',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'cross-origin',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^W\/"/),
      'last-modified': expect.stringContaining('GMT'),
    });
  });

  it.each([
    ['jpg', 'image/jpeg'],
    ['png', 'image/png'],
    ['webp', 'image/webp'],
    ['avif', 'image/avif'],
    ['gif', 'image/gif'],
    ['tiff', 'image/tiff'],
  ] as const)('says of .%s that it is %s, whatever the bytes look like', async (extension, contentType) => {
    const page = newKey(extension);
    await disk.put(page, Buffer.from('<html><script>alert(1)</script></html>'));
    expect((await fetchKey(page)).headers.get('content-type')).toBe(contentType);
  });

  it('answers HEAD with the same headers and no body', async () => {
    const [head, whole] = [await fetchKey(key, { method: 'HEAD' }), await fetchKey(key)];
    expect(head.status).toBe(200);
    expect(await bodyOf(head)).toHaveLength(0);
    // Of the connection and the moment, not of the file; fetch closes the connection after HEAD.
    const others = new Set(['connection', 'keep-alive', 'date']);
    const ofFile = ({ headers }: Response): [string, string][] =>
      [...headers].filter(([name]) => !others.has(name));
    expect(ofFile(head)).toEqual(ofFile(whole));
  });

  it('answers 304 to who has it already, without a body', async () => {
    const { headers } = await fetchKey(key);
    const conditions = {
      'if-none-match': headers.get('etag')!,
      'if-modified-since': headers.get('last-modified')!,
    };
    for (const condition of Object.entries(conditions)) {
      // Without a cache-control of its own, fetch would ask with no-cache.
      const response = await fetchKey(key, { headers: [condition, ['cache-control', 'max-age=0']] });
      expect(response.status).toBe(304);
      expect(response.headers.get('etag')).toBe(headers.get('etag'));
      // Caches take over the headers of a 304.
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      expect(await bodyOf(response)).toHaveLength(0);
    }
  });

  it('answers 200 to who has another version, and 412 to who insists on it', async () => {
    expect((await fetchKey(key, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
    const refused = await fetchKey(key, { headers: { 'if-match': '"other"' } });
    expect(refused.status).toBe(412);
    expect(await refused.text()).toBe('');
  });

  it.each([
    ['bytes=0-0', 'bytes 0-0/10000', [0, 1]],
    ['bytes=100-199', 'bytes 100-199/10000', [100, 200]],
    ['bytes=9990-', 'bytes 9990-9999/10000', [9990, 10_000]],
    ['bytes=-10', 'bytes 9990-9999/10000', [9990, 10_000]],
  ] as const)('answers the part %s', async (range, contentRange, [start, end]) => {
    const response = await fetchKey(key, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect((await bodyOf(response)).equals(bytes.subarray(start, end))).toBe(true);
  });

  it('answers 416 with the length, and not for ever, to a part behind the end', async () => {
    const response = await fetchKey(key, { headers: { range: 'bytes=10000-' } });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe('bytes */10000');
    expect(response.headers.get('cache-control')).toBeNull();
    expect(await response.text()).toBe('');
  });
});

describe('what is not an object', () => {
  const tmpFile = randomUUID();
  beforeAll(() => writeFile(join(directory, '.tmp', tmpFile), 'half an im'));

  it.each([
    ['an object that is not there', () => newKey()],
    ['an object that was deleted', async () => (await disk.delete(key), key)],
    ['a folder', () => key.split('/')[0]!],
    ['a folder with a slash', () => `${key.split('/')[0]}/`],
    ['nothing', () => ''],
    ['the id file', () => '.halftone-storage-id'],
    ['an escaped name', () => '%2ehalftone-storage-id'],
    ['a temporary file', () => `.tmp/${tmpFile}`],
    ['a way up', () => '..%2f..%2f..%2f..%2fetc%2fpasswd'],
    ['a way up and back', () => `x/..%2f${key}`],
    ['a backslash', () => key.replace('/', '%5c')],
    ['a null byte', () => `${key}%00`],
    ['a null byte before another extension', () => `${key}%00.png`],
    ['another extension', () => key.replace('.jpg', '.png')],
    ['upper case', () => key.toUpperCase()],
    ['an absolute path', () => `/${directory}/${key}`],
    ['a name of 5,000 characters', () => 'a'.repeat(5000)],
  ])('is not found: %s', async (_what, path) => {
    const response = await fetchKey(await path());
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBeNull();
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });
});

describe('trouble', () => {
  it('is not cacheable when a file cannot be opened', async () => {
    // A socket can be looked at like a file but never opened, not even by root. Its own path must be short.
    const unreadable = createServer().listen(join(directory, 'socket'));
    await once(unreadable, 'listening');
    await rename(join(directory, 'socket'), join(directory, key));
    const response = await fetchKey(key);
    unreadable.close();
    expect(response.status).toBe(500);
    expect(response.headers.get('cache-control')).toBeNull();
    expect(await response.text()).not.toContain(directory);
  });

  it('reads no further than a slow client takes it', async () => {
    const [slow, other] = [newKey(), newKey()];
    await disk.put(slow, largeBytes);
    await disk.put(other, largeBytes);
    const request = get(`${origin}/files/${slow}`);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.pause();
    // While somebody else gets all of another there is time to read ahead; a file that was read to its end is closed.
    expect(await bodyOf(await fetchKey(other))).toHaveLength(largeBytes.length);
    expect(openDescriptors(slow)).toBe(1);
    request.destroy();
    await untilOpen(0, slow);
    expect(openDescriptors(slow)).toBe(0);
  });

  it('closes the files of a client that goes away, also those it asked for in advance', async () => {
    await disk.put(key, largeBytes);
    const client = connect(Number(new URL(origin).port), '127.0.0.1');
    client.on('error', () => undefined);
    client.write(`GET /files/${key} HTTP/1.1\r\nHost: h\r\n\r\n`.repeat(5));
    await untilOpen(5, key);
    client.destroy();
    await untilOpen(0, key);
    expect(openDescriptors(key)).toBe(0);
  });
});

/** How many descriptors of this process belong to the object. */
function openDescriptors(object: string): number {
  const { ino, dev } = statSync(join(directory, object));
  return Array.from({ length: 1024 }, (_, descriptor) => descriptor).filter((descriptor) => {
    try {
      const file = fstatSync(descriptor);
      return file.ino === ino && file.dev === dev;
    } catch {
      return false;
    }
  }).length;
}

async function untilOpen(count: number, object: string): Promise<void> {
  while (openDescriptors(object) !== count) await new Promise((resolve) => setImmediate(resolve));
}
