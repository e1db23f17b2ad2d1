import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { Problem } from '../../../src/errors/problem.js';
import { FILE_MEDIA_TYPES, receiveUpload } from '../../../src/upload/receive-upload.js';
import { expectNoneOpenIn } from '../../support/open-files.js';
import { rawConnection, uploadHead } from '../../support/raw-connection.js';
import { CSV, FILE, formOf, handmadeForm } from '../../support/upload-form.js';

/** What receiveUpload gave or threw, in order of the requests. */
type Outcome =
  { values: Record<string, unknown>; fileName: string | null; content: string } | { thrown: unknown };

const MAX_BYTES = 2000;

let root: string;
let directory: string;
let server: FastifyInstance;
let url: string;
let outcomes: ((outcome: Outcome) => void)[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'halftone-receive-'));
  directory = join(root, 'tmp');
  outcomes = [];
  server = Fastify({ forceCloseConnections: true });
  await server.register(multipart);
  server.addContentTypeParser(FILE_MEDIA_TYPES, (_request, body, done) => done(null, body));
  server.post('/api/upload', (request, reply) => {
    void receive(request).then((outcome) => {
      outcomes.shift()!(outcome);
      return reply.send('answered');
    });
  });
  url = await server.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(async () => {
  await server.close();
  await expectNoneOpenIn(root);
  await rm(root, { recursive: true });
});

async function receive(request: FastifyRequest): Promise<Outcome> {
  try {
    const { file, fileName, values } = await receiveUpload(request, directory, MAX_BYTES);
    const content = await text(file.read());
    await file.close();
    return { values: { ...values }, fileName, content };
  } catch (thrown) {
    return { thrown };
  }
}

const nextOutcome = (): Promise<Outcome> => new Promise((resolve) => outcomes.push(resolve));

async function post(body: RequestInit['body'], type?: string, query = ''): Promise<Outcome> {
  const outcome = nextOutcome();
  const response = await fetch(`${url}/api/upload${query}`, {
    method: 'POST',
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  });
  await response.text();
  return outcome;
}

const problem = (code: Problem['code'], detail: unknown = expect.any(String)): unknown => ({
  thrown: expect.objectContaining({ code, detail }),
});

describe('receiveUpload', () => {
  it('gives the file of a form, and the values around it and in the query', async () => {
    expect(await post(formOf(['quality=40', FILE, 'label=a=b']), undefined, '?format=webp')).toEqual({
      values: { format: 'webp', quality: '40', label: 'a=b' },
      fileName: 'products.csv',
      content: CSV,
    });
  });

  it.each(FILE_MEDIA_TYPES)('gives a body of type %s', async (type) => {
    expect(await post(CSV, type, '?quality=40')).toEqual({
      values: { quality: '40' },
      fileName: null,
      content: CSV,
    });
  });

  it('keeps values apart from what every object has', async () => {
    const received = await post(CSV, 'text/csv', '?__proto__=1&toString=2');
    expect(Object.entries((received as { values: object }).values)).toEqual([
      ['__proto__', '1'],
      ['toString', '2'],
    ]);
  });

  it('takes just as many bytes as are allowed', async () => {
    const most = CSV.padEnd(MAX_BYTES, '\n');
    expect(await post(formOf([FILE], most))).toMatchObject({ content: most });
    expect(await post(most, 'text/csv')).toMatchObject({ content: most });
    const over = `${most}\n`;
    expect(await post(formOf([FILE], over))).toEqual(
      problem('file_too_large', 'The file has more than 2000 bytes; split it.'),
    );
    expect(await post(over, 'text/csv')).toEqual(problem('file_too_large'));
  });

  it('refuses by the declared length, when that is more than a form can add', async () => {
    for (const type of ['text/csv', 'multipart/form-data; boundary=b']) {
      const outcome = nextOutcome();
      const { send, socket } = await rawConnection(url);
      send(uploadHead(type, 2 * 1024 * 1024));
      expect(await outcome).toEqual(problem('file_too_large'));
      socket.destroy();
    }
  });

  it('closes a file when something behind it is wrong', async () => {
    expect(await post(formOf([FILE, FILE]))).toEqual(problem('validation_failed'));
    expect(await post(formOf([FILE, 'a=1', 'a=1']))).toEqual(problem('validation_failed'));
    const { body, type } = handmadeForm('Content-Disposition: form-data; name="file"; filename="a"', CSV);
    expect(await post(body.replace('--boundary--', '--boundary'), type)).toEqual(
      problem('malformed_request'),
    );
  });

  it.each([
    ['text/csv', CSV],
    [
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${CSV}`,
    ],
    ['multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="label"\r\n\r\nspr'],
  ])('tells a sender that goes away from a fault of ours: %s', async (type, begin) => {
    const outcome = nextOutcome();
    const { send, socket } = await rawConnection(url);
    send(uploadHead(type, 1500) + begin);
    socket.end();
    expect(await outcome).toEqual(
      problem('malformed_request', 'The upload broke off before its end; nothing was stored.'),
    );
  });

  const field = (name: string, value: string, head = ''): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n${head}\r\n${value}\r\n`;
  const filePart = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${CSV}\r\n`;
  const end = '--b--\r\n';
  const json = 'Content-Type: application/json\r\n';
  const times = (count: number, partOf: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => partOf(index)).join('');

  it.each<[string, string, Problem['code']]>([
    ['too many fields', times(40, (index) => field(`f${index}`, '1')) + filePart + end, 'body_too_large'],
    [
      'too many fields behind the file',
      filePart + times(40, (index) => field(`f${index}`, '1')) + end,
      'body_too_large',
    ],
    ['a hundred thousand fields', times(100_000, () => field('a', '')) + end, 'file_too_large'],
    ['too many files', times(50, () => filePart) + end, 'validation_failed'],
    [
      'the file as a part of a part',
      field('x', 'a', 'Content-Type: multipart/mixed; boundary=c\r\n') + end,
      'file_missing',
    ],
    [
      'deep JSON as a field',
      field('label', '{"a":'.repeat(2000) + '1' + '}'.repeat(2000), json) + filePart + end,
      'validation_failed',
    ],
    ['a list as a field', field('label', '["a"]', json) + filePart + end, 'validation_failed'],
    ['no end', filePart, 'malformed_request'],
    ['half an end', `${filePart}--b-`, 'malformed_request'],
    ['no part', end, 'file_missing'],
    ['no boundary', 'hello', 'malformed_request'],
  ])('refuses a form with %s', async (_what, body, code) => {
    expect(await post(body, 'multipart/form-data; boundary=b')).toEqual(problem(code));
  });

  it.each([
    ['JSON that is none', field('label', '{', json)],
    ['a field that no object may have', field('__proto__', '1')],
  ])('leaves it to the parser of forms to refuse %s', async (_what, part) => {
    expect(await post(part + filePart + end, 'multipart/form-data; boundary=b')).toEqual({
      thrown: expect.objectContaining({ name: 'FastifyError' }),
    });
  });

  it('takes what stands around the parts of a form, up to a MiB', async () => {
    const around = 'x'.repeat(500_000);
    const form = `${around}\r\n${filePart}${end}${around}`;
    expect(await post(form, 'multipart/form-data; boundary=b')).toMatchObject({ content: CSV });
  });

  it.each([
    ['in front of its first part', '', 'x'],
    ['behind its last part', filePart + end, 'x'],
    ['in the head of a part', '--b\r\nX-A: ', 'x'],
    ['in a field', '--b\r\nContent-Disposition: form-data; name="label"\r\n\r\n', 'x'],
    ['in empty fields', '', field('', '')],
  ])('refuses a form of chunks that goes on for ever %s', async (_where, begin, more) => {
    const outcome = nextOutcome();
    const { send, socket } = await rawConnection(url);
    const head = uploadHead('multipart/form-data; boundary=b', 0);
    const all = begin + more.repeat(2_000_000 / more.length);
    send(head.replace('Content-Length: 0', 'Transfer-Encoding: chunked'));
    send(`${all.length.toString(16)}\r\n${all}\r\n`);
    expect(await outcome).toEqual({ thrown: expect.any(Problem) });
    socket.destroy();
  });

  it('leaves trouble of the disk as it is', async () => {
    await writeFile(directory, 'a file in place of the directory');
    expect(await post(formOf([FILE]))).toEqual({ thrown: expect.objectContaining({ code: 'EEXIST' }) });
    expect(await post(CSV, 'text/csv')).toEqual({ thrown: expect.objectContaining({ code: 'EEXIST' }) });
  });
});
