import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { ImageCompressor } from '../../../src/processing/image-compressor.js';
import { ImageDownloader } from '../../../src/processing/image-downloader.js';
import { IMAGE_ERRORS, type ImageErrorCode } from '../../../src/requests/image-error-codes.js';
import { compressOptions } from '../../support/compression.js';
import { photo } from '../../support/pictures.js';
import { ENDED_BY_US, NO_IMAGE, OK } from './hostile-answers.js';
import { says, saysAndEnds, startRawHost, type Behaviour, type RawHost } from './raw-host.js';

const SETTINGS = { ALLOW_PRIVATE_ADDRESSES: 'true', MAX_IMAGE_BYTES: '100000' };

let guarded: GuardedFetch;
let host: RawHost;

afterEach(async () => {
  await guarded.onApplicationShutdown();
  await host.close();
});

/** A download from a host that behaves so. Only what ends by its deadline is given a short one. */
async function download(behaviour: Behaviour, settings: Record<string, string> = {}): Promise<Buffer> {
  const env = parseEnv({ ...SETTINGS, ...settings });
  guarded = new GuardedFetch(env);
  host = await startRawHost(behaviour);
  const freely = { signal: new AbortController().signal, admit: async () => {} };
  return new ImageDownloader(guarded, env).download(host.url, freely);
}

const deadlineOf = (what: string, code: string): Record<string, string> =>
  code === 'timeout' || what.includes('byte by byte') ? { FETCH_TIMEOUT: '1s' } : {};
const expected = (code: string) => ({ code, transient: IMAGE_ERRORS[code as ImageErrorCode].retryable });

describe('a host that', () => {
  it.each(ENDED_BY_US)('%s: %s, and the connection is closed', async (what, code, behaviour) => {
    const settings = code === 'timeout' ? deadlineOf(what, code) : {};
    await expect(download(behaviour, settings)).rejects.toMatchObject(expected(code));
    await host.left();
    expect(host.heads).toHaveLength(1);
  });

  it.each(NO_IMAGE)('answers what %s: %s', async (what, code, behaviour) => {
    await expect(download(behaviour, deadlineOf(what, code))).rejects.toMatchObject(expected(code));
    expect(host.heads[0]).toContain('accept-encoding: identity');
    expect(host.heads).toHaveLength(1);
  });

  it.each<[string, Behaviour]>([
    ['sends more than its length', says(`${OK}Content-Length: 5\r\n\r\nhello, and more`)],
    [
      'sends another answer behind it',
      says(`${OK}Content-Length: 5\r\n\r\nhello${OK}Content-Length: 4\r\n\r\nevil`),
    ],
    [
      'has a trailer',
      says(`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Checksum: 1\r\n\r\n`),
    ],
    [
      'offers another protocol',
      says(`${OK}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello`),
    ],
    ['gives an early hint', says(`HTTP/1.1 103 Early Hints\r\n\r\n${OK}Content-Length: 5\r\n\r\nhello`)],
    [
      'has dangerous names of headers',
      says(`${OK}__proto__: x\r\nconstructor: y\r\nContent-Length: 5\r\n\r\nhello`),
    ],
    ['has no length and hangs up', saysAndEnds(`${OK}\r\nhello`)],
    ['has no Content-Type', says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')],
  ])('%s gives its own five bytes and no others', async (_, behaviour) => {
    expect((await download(behaviour)).toString()).toBe('hello');
  });

  it('splits its answer in two gives everything behind the first empty line as bytes', async () => {
    const second = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    expect((await download(saysAndEnds(`HTTP/1.1 200 OK\r\nX-A: a\r\n\r\n${second}`))).toString()).toBe(
      second,
    );
  });
});

describe('what the bytes are', () => {
  const open = (bytes: Buffer) => new ImageCompressor(parseEnv(SETTINGS)).open(bytes, compressOptions());
  const typed = (type: string, body: Buffer): Behaviour =>
    says(`HTTP/1.1 200 OK\r\n${type}Content-Length: ${body.length}\r\n\r\n`, body);

  it.each(['Content-Type: image/jpeg\r\n', 'Content-Type: image/svg+xml\r\n', ''])(
    'is not said by a Content-Type: a page under %j is no image',
    async (type) => {
      const page = Buffer.from('<!DOCTYPE html><html><body>Please log in</body></html>');
      await expect(open(await download(typed(type, page)))).rejects.toMatchObject({ code: 'not_an_image' });
    },
  );

  it.each(['Content-Type: text/plain\r\n', 'Content-Type: text/html\r\n', 'Content-Type: x\r\n', ''])(
    'is not said by a Content-Type: a JPEG under %j is one',
    async (type) => {
      const jpeg = await photo().jpeg().toBuffer();
      await expect(open(await download(typed(type, jpeg)))).resolves.toHaveProperty('format', 'jpeg');
    },
  );
});
