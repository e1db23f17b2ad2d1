import { createServer, type AddressInfo } from 'node:net';
import { parseEnv } from '../../../src/config/env.js';
import { GuardedFetch } from '../../../src/net/guarded-fetch.js';
import { ImageDownloader } from '../../../src/processing/image-downloader.js';
import { ImageError } from '../../../src/processing/image-error.js';
import {
  drip,
  endless,
  gzipped,
  hugeHeaders,
  redirectTo,
  resetMidBody,
  shortContentLength,
  stall,
  startOrigin,
  tooManyRequests,
  type Answer,
  type Origin,
} from '../../support/origin.js';

const SETTINGS = { ALLOW_PRIVATE_ADDRESSES: 'true', MAX_IMAGE_BYTES: '100000', FETCH_MAX_REDIRECTS: '3' };

let origin: Origin;
let stop: (() => Promise<void>)[];

beforeEach(async () => {
  origin = await startOrigin();
  stop = [];
});

afterEach(async () => {
  for (const end of stop) await end();
  await origin.close();
});

function downloader(settings: Record<string, string> = {}, lookup?: () => Promise<never>): ImageDownloader {
  const env = parseEnv({ ...SETTINGS, ...settings });
  const guarded = new GuardedFetch(env, lookup);
  stop.push(() => guarded.onApplicationShutdown());
  return new ImageDownloader(guarded, env);
}

const FREELY = { signal: new AbortController().signal, admit: async () => {} };

async function errorOf(downloading: Promise<Buffer>): Promise<ImageError> {
  const error: unknown = await downloading.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ImageError);
  return error as ImageError;
}

describe('an image', () => {
  it('comes byte for byte, whatever the host says that it is', async () => {
    const photo = Buffer.from(Array.from({ length: 90_000 }, (_, index) => index % 251));
    origin.serve('/photo.jpg', {
      body: photo,
      headers: { 'content-type': 'text/plain', 'content-encoding': 'identity' },
    });
    const bytes = await downloader().download(origin.url('/photo.jpg'), FREELY);
    expect(bytes.equals(photo)).toBe(true);
  });

  it('comes from where the URL redirects to', async () => {
    origin.serve('/old.jpg', redirectTo('/new.jpg', 301));
    origin.serve('/new.jpg', { body: 'photo' });
    await expect(downloader().download(origin.url('/old.jpg'), FREELY)).resolves.toEqual(
      Buffer.from('photo'),
    );
  });

  it('is asked for without a wish for a format', async () => {
    origin.serve('/photo.jpg', { body: 'photo' });
    await downloader().download(origin.url('/photo.jpg'), FREELY);
    expect(origin.requests[0]!.headers).toMatchObject({ accept: '*/*', 'accept-encoding': 'identity' });
  });

  it('is read once it is admitted, by its length', async () => {
    origin.serve('/photo.jpg', { body: 'photo' });
    const admit = jest.fn(async () => {});
    await downloader().download(origin.url('/photo.jpg'), { ...FREELY, admit });
    expect(admit.mock.calls).toEqual([[5]]);
  });
});

describe('the code of a failure', () => {
  it.each([
    [401, 'http_401', false],
    [403, 'http_403', false],
    [404, 'http_404', false],
    [408, 'http_408', true],
    [410, 'http_410', false],
    [425, 'http_425', true],
    [429, 'http_429', true],
    [400, 'http_4xx', false],
    [418, 'http_4xx', false],
    [451, 'http_4xx', false],
    [500, 'http_5xx', true],
    [503, 'http_5xx', true],
    [599, 'http_5xx', true],
    [201, 'http_unexpected', false],
    [204, 'http_unexpected', false],
    [206, 'http_unexpected', false],
    [300, 'http_unexpected', false],
    [302, 'http_unexpected', false],
    [304, 'http_unexpected', false],
  ])('of status %i is %s', async (status, code, transient) => {
    origin.serve('/photo.jpg', { status });
    const admit = jest.fn(async () => {});
    const error = await errorOf(downloader().download(origin.url('/photo.jpg'), { ...FREELY, admit }));
    expect(error).toMatchObject({ code, transient, detail: { httpStatus: status } });
    expect(error.message).toBe(`The host answered with status ${status}.`);
    expect(admit).not.toHaveBeenCalled();
  });

  it.each<[string, boolean, string, Answer | ReturnType<typeof drip>]>([
    ['empty_body', false, 'no bytes', { body: '' }],
    ['content_encoding', false, 'compressed bytes', gzipped()],
    [
      'content_encoding',
      false,
      'bytes compressed twice',
      { headers: { 'content-encoding': 'gzip, gzip' }, body: 'x' },
    ],
    ['truncated', true, 'fewer bytes than promised', shortContentLength()],
    ['truncated', true, 'a reset in the middle', resetMidBody()],
    ['too_large_bytes', false, 'too many bytes', { body: Buffer.alloc(100_001) }],
    ['too_large_bytes', false, 'bytes without end', endless()],
    ['redirect_limit', false, 'a loop', redirectTo('/photo.jpg')],
    ['redirect_blocked', false, 'a redirect to a file', redirectTo('file:///etc/passwd')],
    ['http_unexpected', false, '100 kB of headers', hugeHeaders()],
  ])('is %s (transient: %s) for %s', async (code, transient, _what, answer) => {
    origin.serve('/photo.jpg', answer);
    const error = await errorOf(downloader().download(origin.url('/photo.jpg'), FREELY));
    expect(error).toMatchObject({ code, transient });
  });

  it.each([
    ['no headers', stall()],
    ['a drip', drip()],
  ])('is timeout for %s', async (_what, behaviour) => {
    origin.serve('/photo.jpg', behaviour);
    const downloading = downloader({ FETCH_TIMEOUT: '100ms' }).download(origin.url('/photo.jpg'), FREELY);
    expect(await errorOf(downloading)).toMatchObject({ code: 'timeout', transient: true });
  });

  it('is connect_failed where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => void server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => void server.close(resolve));
    const error = await errorOf(downloader().download(`http://127.0.0.1:${port}/`, FREELY));
    expect(error).toMatchObject({ code: 'connect_failed', transient: true });
    expect(error.message).not.toContain('127.0.0.1');
  });

  it('is tls_failed for a certificate that nobody vouches for', async () => {
    const secure = await startOrigin({ tls: true });
    const error = await errorOf(downloader().download(secure.url('/photo.jpg'), FREELY));
    await secure.close();
    expect(error).toMatchObject({ code: 'tls_failed', transient: false });
  });

  it.each([
    ['ENOTFOUND', false],
    ['EAI_AGAIN', true],
  ])('is dns_failed for %s (transient: %s)', async (code, transient) => {
    const lookup = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
    const downloading = downloader({}, lookup).download('http://shop.example/photo.jpg', FREELY);
    expect(await errorOf(downloading)).toMatchObject({ code: 'dns_failed', transient });
  });

  it('is address_blocked for an address that is not public', async () => {
    const strict = downloader({ ALLOW_PRIVATE_ADDRESSES: 'false', ALLOWED_PORTS: String(origin.port) });
    const error = await errorOf(strict.download(origin.url('/photo.jpg'), FREELY));
    expect(error).toMatchObject({ code: 'address_blocked', transient: false });
    expect(origin.connections()).toBe(0);
  });

  it('is url_invalid for a port that is no longer allowed', async () => {
    const strict = downloader({ ALLOW_PRIVATE_ADDRESSES: 'false' });
    const error = await errorOf(strict.download(origin.url('/photo.jpg'), FREELY));
    expect(error).toMatchObject({ code: 'url_invalid', transient: false });
  });
});

describe('a failure', () => {
  it('has how long the host asks to wait', async () => {
    origin.serve('/seconds', tooManyRequests('120'));
    origin.serve('/date', tooManyRequests(new Date(Date.now() + 3_600_000).toUTCString()));
    origin.serve('/never', tooManyRequests('never'));
    const errors = await Promise.all(
      ['/seconds', '/date', '/never'].map((path) => errorOf(downloader().download(origin.url(path), FREELY))),
    );
    const [seconds, date, never] = errors.map((error) => error.detail.retryAfterMs);
    expect(seconds).toBe(120_000);
    expect(date).toBeGreaterThan(3_000_000);
    expect(date).toBeLessThanOrEqual(3_600_000);
    expect(never).toBeUndefined();
  });
});

describe('the signal', () => {
  it('ends a download with its own reason', async () => {
    origin.serve('/photo.jpg', drip());
    const stopping = new AbortController();
    const reason = new Error('the process stops');
    const admit = async (): Promise<void> => stopping.abort(reason);
    const downloading = downloader().download(origin.url('/photo.jpg'), { signal: stopping.signal, admit });
    await expect(downloading).rejects.toBe(reason);
  });

  it('ends it before it begins', async () => {
    const reason = new Error('the process stops');
    const options = { ...FREELY, signal: AbortSignal.abort(reason) };
    await expect(downloader().download(origin.url('/photo.jpg'), options)).rejects.toBe(reason);
    expect(origin.requests).toEqual([]);
  });
});

it("hands on admit's own error", async () => {
  origin.serve('/photo.jpg', { body: 'photo' });
  const reason = new Error('no room');
  const admit = (): Promise<void> => Promise.reject(reason);
  await expect(downloader().download(origin.url('/photo.jpg'), { ...FREELY, admit })).rejects.toBe(reason);
});
