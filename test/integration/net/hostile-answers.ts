import { brotliCompressSync, gzipSync } from 'node:zlib';
import { drips, says, saysAndEnds, saysAndResets, saysForEver, type Behaviour } from './raw-host.js';

/** [what the host does, the code of contract.md that it comes to, the behaviour] */
export type HostileAnswer = [what: string, code: string, behaviour: Behaviour];

export const OK = 'HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const lengths = (...values: string[]): string =>
  `${OK}${values.map((value) => `Content-Length: ${value}\r\n`).join('')}\r\nhello`;
const encoded = (encoding: string, bytes: Buffer): Behaviour =>
  says(`${OK}Content-Encoding: ${encoding}\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes);

/** 50 MB of zeros in 48 kB, and the same again around it. */
const BOMB = gzipSync(Buffer.alloc(50_000_000));

/** Refused, broken off or given up: whatever was open is closed afterwards. */
export const ENDED_BY_US: HostileAnswer[] = [
  // Its length: more than MAX_IMAGE_BYTES, none, or several.
  ['promises 10 GB', 'too_large_bytes', saysForEver(`${OK}Content-Length: 10000000000\r\n\r\n`, 'x')],
  ['never ends, without a length', 'too_large_bytes', saysForEver(`${OK}\r\n`, 'x')],
  ['never ends, in chunks', 'too_large_bytes', saysForEver(CHUNKED, '5\r\nhello\r\n')],
  ['never ends, byte by byte', 'too_large_bytes', saysForEver(CHUNKED, '1\r\nx\r\n')],
  ['sends a byte every now and then', 'timeout', drips(`${OK}\r\n`, 'x')],
  ['sends a chunk of a byte every now and then', 'timeout', drips(CHUNKED, '1\r\nx\r\n')],
  ['has two lengths', 'http_unexpected', says(lengths('5', '6'))],
  ['has the same length twice', 'http_unexpected', says(lengths('5', '5'))],
  ['has a list of lengths', 'http_unexpected', says(lengths('5, 5'))],
  ['has a length and another behind it', 'http_unexpected', says(lengths('5 6'))],
  ['has a negative length', 'http_unexpected', says(lengths('-1'))],
  ['has a length with a sign', 'http_unexpected', says(lengths('+5'))],
  ['has a length in hexadecimal', 'http_unexpected', says(lengths('0x5'))],
  ['has a length that is no number', 'http_unexpected', says(lengths('many'))],
  ['has an empty length', 'http_unexpected', says(lengths(''))],
  ['has a length of 26 digits', 'http_unexpected', says(lengths('9'.repeat(26)))],
  [
    'has a length, and chunks',
    'http_unexpected',
    says(`${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  ],
  [
    'has chunks, and a length',
    'http_unexpected',
    says(`${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`),
  ],
  // Its head.
  ['sends 100 kB of one header', 'http_unexpected', says(`${OK}X-Padding: ${'x'.repeat(100_000)}\r\n\r\n`)],
  ['sends ten thousand headers', 'http_unexpected', says(`${OK}${'X-A: a\r\n'.repeat(10_000)}\r\n`)],
  ['sends headers for ever', 'http_unexpected', saysForEver(OK, 'X-A: a\r\n')],
  ['sends one header for ever', 'http_unexpected', saysForEver(`${OK}X-A: `, 'x')],
  ['sends its headers byte by byte', 'timeout', drips(`${OK}X-A: `, 'x')],
  ['sends its status for ever', 'timeout', saysForEver('HTTP/1.1 200 ', 'x')],
  ['sends empty lines for ever', 'timeout', saysForEver('', '\r\n')],
  ['says nothing', 'timeout', () => {}],
  ['says half a status line', 'timeout', says('HTTP/1.1 20')],
  ['ends lines with LF alone', 'http_unexpected', says('HTTP/1.1 200 OK\nContent-Length: 5\n\nhello')],
  [
    'hides a header behind CR',
    'http_unexpected',
    says(`${OK}X-A: a\rX-B: b\r\nContent-Length: 5\r\n\r\nhello`),
  ],
  ['has NUL in a header', 'http_unexpected', says(`${OK}X-A: a\0b\r\nContent-Length: 5\r\n\r\nhello`)],
  ['folds a header', 'http_unexpected', says(`${OK}X-A: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`)],
  ['has a header without a name', 'http_unexpected', says(`${OK}: a\r\nContent-Length: 5\r\n\r\nhello`)],
  // No HTTP, or another than was asked for.
  ['answers in HTTP/0.9', 'http_unexpected', says('<html><body>hello</body></html>')],
  ['is a mail server', 'http_unexpected', says('220 mail.example ESMTP\r\n')],
  ['is an SSH server', 'http_unexpected', says('SSH-2.0-OpenSSH_9.9\r\n')],
  ['wants TLS', 'http_unexpected', says(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]))],
  ['sends junk', 'http_unexpected', says(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))],
  ['speaks HTTP/2', 'http_unexpected', says('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  [
    'changes to another protocol',
    'http_unexpected',
    says('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
  ],
  ['changes to no protocol', 'http_unexpected', says('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
  [
    'lets us send on',
    'http_unexpected',
    says('HTTP/1.1 100 Continue\r\n\r\n', `${OK}Content-Length: 5\r\n\r\nhello`),
  ],
  ['lets us send on for ever', 'http_unexpected', saysForEver('', 'HTTP/1.1 100 Continue\r\n\r\n')],
  [
    'gives early hints for ever',
    'timeout',
    saysForEver('', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'),
  ],
  ['is at work for ever', 'timeout', saysForEver('', 'HTTP/1.1 102 Processing\r\n\r\n')],
  ['has status 000', 'http_unexpected', says('HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n')],
  ['has a status of two digits', 'http_unexpected', says('HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n')],
  ['has a status of four digits', 'http_unexpected', says('HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n')],
  // A body that is none.
  ['ends before its length', 'truncated', saysAndEnds(lengths('6'))],
  ['is reset in its body', 'truncated', saysAndResets(lengths('6'))],
  ['is reset in its head', 'connect_failed', saysAndResets('HTTP/1.1 200')],
  ['hangs up in its head', 'connect_failed', saysAndEnds('HTTP/1.1 200')],
  ['hangs up at once', 'connect_failed', saysAndEnds()],
  ['ends between two chunks', 'truncated', saysAndEnds(CHUNKED, '5\r\nhello\r\n')],
  ['has a chunk that is none', 'truncated', says(CHUNKED, 'zz\r\nhello\r\n0\r\n\r\n')],
  ['has a chunk of negative length', 'truncated', says(CHUNKED, '-5\r\nhello\r\n0\r\n\r\n')],
  ['has a chunk of immense length', 'truncated', says(CHUNKED, `${'f'.repeat(18)}\r\nhello`)],
  ['comments on a chunk for ever', 'timeout', saysForEver(`${CHUNKED}5;`, 'x')],
  ['sends trailers for ever', 'truncated', saysForEver(`${CHUNKED}5\r\nhello\r\n0\r\n`, 'X-A: a\r\n')],
  [
    'has a length in its trailers',
    'truncated',
    says(CHUNKED, '5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n'),
  ],
  // Compressed, which was not asked for: refused by its name, not by what it is.
  ['never ends, in gzip', 'content_encoding', saysForEver(`${OK}Content-Encoding: gzip\r\n\r\n`, BOMB)],
];

/** They have an end of their own, and are no image. */
export const NO_IMAGE: HostileAnswer[] = [
  ['is a bomb of gzip', 'content_encoding', encoded('gzip', BOMB)],
  ['is a bomb within a bomb', 'content_encoding', encoded('gzip, gzip', gzipSync(BOMB))],
  ['is a bomb in capitals', 'content_encoding', encoded('GZIP', BOMB)],
  ['is compressed by brotli', 'content_encoding', encoded('br', brotliCompressSync(Buffer.alloc(1_000_000)))],
  ['is compressed by an old name', 'content_encoding', encoded('x-gzip', BOMB)],
  ['is identity and gzip', 'content_encoding', encoded('identity, gzip', BOMB)],
  ['names an encoding that nobody knows', 'content_encoding', encoded('rot13', Buffer.from('hello'))],
  ['is 200 and empty', 'empty_body', says(`${OK}Content-Length: 0\r\n\r\n`)],
  ['is 200 and empty, in chunks', 'empty_body', says(CHUNKED, '0\r\n\r\n')],
  ['is 200 and empty, and hangs up', 'empty_body', saysAndEnds(`${OK}\r\n`)],
  ['is 201', 'http_unexpected', says('HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello')],
  ['is 204', 'http_unexpected', says('HTTP/1.1 204 No Content\r\n\r\n')],
  [
    'is 204 with a body',
    'http_unexpected',
    says('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello'),
  ],
  ['is 205', 'http_unexpected', says('HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n')],
  [
    'is 206',
    'http_unexpected',
    says('HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello'),
  ],
  ['is 304', 'http_unexpected', says('HTTP/1.1 304 Not Modified\r\n\r\n')],
  ['is 304 with a length', 'http_unexpected', says('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n')],
  ['is 302 to nowhere', 'http_unexpected', says('HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n')],
  ['is 404 without an end', 'http_404', saysForEver('HTTP/1.1 404 Not Found\r\n\r\n', 'x')],
  ['is 404 byte by byte', 'http_404', drips('HTTP/1.1 404 Not Found\r\n\r\n', 'x')],
  [
    'is 999, which RFC 9110 takes for a 5xx',
    'http_5xx',
    says('HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n'),
  ],
];
