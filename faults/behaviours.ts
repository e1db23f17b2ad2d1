import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { ImageErrorCode } from '../src/requests/image-error-codes.js';
import { POISON } from './preload/poison-marker.js';

/** How an origin answers for one image. */
export interface Behaviour {
  /** `jpeg` is the picture; `hit` counts the requests for it from 1; `canary` is where nobody may be led. */
  answer: (ask: { jpeg: Buffer; hit: number; canary: number }) => RequestListener;
  /** What must become of the image, however often it is tried. */
  ends: 'completed' | ImageErrorCode;
}

const good =
  (jpeg: Buffer): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(jpeg);

const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(code, headers).end('no picture');

/** Sends these bytes of a body that was said to be longer, then does something to the connection. */
const breakingOff =
  (bytes: Buffer, how: 'end' | 'resetAndDestroy'): RequestListener =>
  (_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length + 1000 });
    response.write(bytes, () => void response.socket?.[how]());
  };

const drip: RequestListener = (_request, response) => {
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
};

const endless: RequestListener = (_request, response) => {
  const block = Buffer.alloc(65_536, 'x');
  const fill = (): void => {
    while (!response.destroyed && response.write(block)) continue;
  };
  response.on('drain', fill);
  fill();
};

/** 10 MB in 10 kB. */
const bomb = gzipSync(Buffer.alloc(10_000_000));

export const BEHAVIOURS = {
  good: { answer: ({ jpeg }) => good(jpeg), ends: 'completed' },
  poison: { answer: ({ jpeg }) => good(Buffer.concat([jpeg, POISON])), ends: 'decoder_crash' },
  drip: { answer: () => drip, ends: 'timeout' },
  silent: { answer: () => () => undefined, ends: 'timeout' },
  endless: { answer: () => endless, ends: 'too_large_bytes' },
  reset: { answer: ({ jpeg }) => breakingOff(jpeg, 'resetAndDestroy'), ends: 'truncated' },
  short: { answer: ({ jpeg }) => breakingOff(jpeg, 'end'), ends: 'truncated' },
  refused: { answer: () => (request) => void request.socket.resetAndDestroy(), ends: 'connect_failed' },
  // One that recovers, as most do.
  busy: {
    answer: ({ jpeg, hit }) => (hit === 1 ? status(429, { 'retry-after': '1' }) : good(jpeg)),
    ends: 'completed',
  },
  'always-busy': { answer: () => status(429, { 'retry-after': '1' }), ends: 'http_429' },
  shaky: { answer: ({ jpeg, hit }) => (hit === 1 ? status(500) : good(jpeg)), ends: 'completed' },
  broken: { answer: () => status(500), ends: 'http_5xx' },
  missing: { answer: () => status(404), ends: 'http_404' },
  loop: {
    answer: () => (request, response) => status(302, { location: request.url! })(request, response),
    ends: 'redirect_limit',
  },
  ftp: {
    answer: ({ canary }) => status(302, { location: `ftp://127.0.0.1:${canary}/x.jpg` }),
    ends: 'redirect_blocked',
  },
  password: {
    answer: ({ canary }) => status(302, { location: `http://me:secret@127.0.0.1:${canary}/x.jpg` }),
    ends: 'redirect_blocked',
  },
  bomb: {
    answer: () => (_request, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    ends: 'content_encoding',
  },
  page: {
    answer: () => (_request, response) => void response.end('<html>a page</html>'),
    ends: 'not_an_image',
  },
  empty: { answer: () => (_request, response) => void response.end(), ends: 'empty_body' },
  half: { answer: ({ jpeg }) => good(jpeg.subarray(0, jpeg.length / 2)), ends: 'corrupt_image' },
} satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof BEHAVIOURS;
