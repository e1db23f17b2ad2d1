import type { DataSource } from 'typeorm';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { RecordSplitter } from '../../src/upload/csv-records.js';
import { connect } from '../support/invariants.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { FILE, formOf, handmadeForm } from '../support/upload-form.js';

/** Names that every object has: where one is looked up in an object, there is something. */
const INHERITED = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__'];
const ODD_TEXTS = [
  ...INHERITED,
  '{"__proto__":{"polluted":true}}',
  "'; DROP TABLE product; --",
  '\\u0000',
  '%00',
  '\\x00',

  '\u202Egpj.exe',
  '\u200B',
  '\uFEFF',
  '\uFFFD',
  '\uFFFE',
  '🪑',
  'e\u0301',
  '\x01\x02\x7F\x9F',
  '=cmd|"/c calc"!A1',
];
const NAMES_OF_FILES: [string, string][] = [
  ['a path', '../../../etc/passwd'],
  ['a path of Windows', 'C:\\temp\\x.csv'],
  ['right to left', '\u202Evsc.exe'],
  ['10,000 characters', `${'x'.repeat(10_000)}.csv`],
  ['a name that is cut within a letter', `${'x'.repeat(254)}🪑.csv`],
  ['a name of every object', '__proto__'],
  ['controls', '\x01\x02.csv'],
  ['a script', '<script>alert(1)</script>.csv'],
];

let service: TestService;
let origin: Origin;
let database: DataSource;
let good: string;

beforeAll(async () => {
  origin = await startOrigin();
  good = origin.url('/good.jpg');
  origin.serve('/good.jpg', { body: await photo(80, 60).jpeg().toBuffer() });
  service = await startService();
  database = await connect(service.databaseUrl);
});
afterAll(async () => {
  await database.destroy();
  await service.stop();
  await origin.close();
});

afterEach(() => expectUnpolluted());

/** No object has got a member that it was not given. */
function expectUnpolluted(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

const post = (body: RequestInit['body'], type?: string, query = ''): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload${query}`, {
    method: 'POST',
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  });

async function requestCount(): Promise<number> {
  const [row] = await database.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM processing_request',
  );
  return row!.count;
}

/** Whatever `act` does, nothing is stored. */
async function expectNothingNew(act: () => Promise<unknown>): Promise<void> {
  const before = await requestCount();
  await act();
  expect(await requestCount()).toBe(before);
}

/** The request is worked as all others are, and every answer about it can be had. */
async function expectWorked({ request_id: id }: AcceptedBody): Promise<string[][]> {
  expect((await service.api.finished(id)).status).toBe('completed');
  for (const path of [`/api/status/${id}`, `/api/requests/${id}/images`, `/api/requests/${id}/errors`])
    expect((await fetch(service.env.publicUrl + path)).status).toBe(200);
  const output = await (await fetch(`${service.env.publicUrl}/api/download/${id}`)).text();
  const splitter = new RecordSplitter(',');
  return [...splitter.push(output), ...splitter.end()].map(({ cells }) => cells);
}

it('names and cells of any text are stored, worked and given back as they were', async () => {
  const header = [...ODD_TEXTS, 'Product Name', 'Image'];
  const rows = ODD_TEXTS.map((text) => [...ODD_TEXTS.map(() => text), text, good]);
  const csv = [header, ...rows]
    .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\n');
  const [names, ...cells] = await expectWorked(await service.api.upload(csv));
  expect(names!.slice(0, -1)).toEqual(header);
  expect(cells.map((row) => row.slice(0, -1))).toEqual(rows);
});

it.each([
  ['a NUL in a cell', Buffer.from('Name,Image\na\0b,https://a.example/1.jpg\n')],
  ['a NUL in the header', Buffer.from('Na\0me,Name,Image\na,b,https://a.example/1.jpg\n')],
  ['a NUL in a URL', Buffer.from('Name,Image\na,https://a.example/\0.jpg\n')],
  ['half a surrogate pair', Buffer.from('\uFEFFName,Image\n\uD83E,https://a.example/1.jpg\n', 'utf16le')],
  [
    'half a byte pair at its end',
    Buffer.from('\uFEFFName,Image\na,https://a.example/1.jpg\0', 'utf16le').subarray(0, -1),
  ],
])('a CSV with %s is refused', async (_what, bytes) => {
  await expectNothingNew(async () => {
    const answer = await service.api.post(bytes);
    const { errors } = await expectProblem(answer, 422, 'csv_invalid');
    expect(errors).toMatchObject([{ code: 'invalid_character' }]);
    expect(JSON.stringify(errors)).not.toMatch(/\\u0000|\\ud[89a-f]/i);
  });
});

it('half a surrogate pair in UTF-8 is none, and read as Windows-1252', async () => {
  const bytes = Buffer.from(`Name,Image\n\xED\xA0\x80,${good}\n`, 'latin1');
  const [, row] = await expectWorked(await service.api.upload(bytes));
  expect(row![0]).toBe('í\u00A0€');
});

describe('a file', () => {
  it.each(NAMES_OF_FILES)('may be called %s', async (_what, name) => {
    const answer = await post(formOf([FILE], `Name,Image\na,${good}\n`, name));
    expect(answer.status).toBe(202);
    const accepted = (await answer.json()) as AcceptedBody;
    const { file_name: stored } = await service.api.status(accepted.request_id);
    expect(stored!.length).toBeLessThanOrEqual(255);
    expect(stored).not.toMatch(/[\0\p{Cs}]|[/\\]etc/u);
    await expectWorked(accepted);
  });

  it.each([
    ['a NUL', 'filename="a\0b.csv"'],
    ['an encoded NUL', `filename="a.csv"; filename*=UTF-8''a%00b.csv`],
    ['encoded halves of a pair', `filename="a.csv"; filename*=UTF-8''%ED%A0%80.csv`],
    ['an encoding that does not exist', `filename="a.csv"; filename*=NOPE''%ED%A0%80.csv`],
    ['a broken encoding', `filename="a.csv"; filename*=UTF-8''%E2%82`],
    ['no name', 'filename=""'],
  ])('whose head has %s does no harm', async (_what, name) => {
    const csv = `Name,Image\na,${good}\n`;
    const { body, type } = handmadeForm(`Content-Disposition: form-data; name="file"; ${name}`, csv);
    const answer = await post(body, type);
    expect([202, 400]).toContain(answer.status);
    if (answer.status !== 202) return;
    const accepted = (await answer.json()) as AcceptedBody;
    expect((await service.api.status(accepted.request_id)).file_name ?? '').not.toMatch(/[\0\p{Cs}]/u);
    await expectWorked(accepted);
  });
});

describe('an option', () => {
  it.each([...INHERITED, 'label[__proto__]', 'a.b', '', ' ', 'label\u0000'])(
    'called %j is refused, in a form and in a query',
    async (name) => {
      await expectNothingNew(async () => {
        const csv = `Name,Image\na,${good}\n`;
        const inForm = await post(formOf([`${name}=1`, FILE], csv));
        expect([400, 422]).toContain(inForm.status);
        const inQuery = await post(csv, 'text/csv', `?${encodeURIComponent(name)}=1`);
        // A parameter without a name is none.
        expect(inQuery.status).toBe(422);
      });
    },
  );

  const options = [
    'quality',
    'format',
    'effort',
    'max_width',
    'max_height',
    'webhook_url',
    'label',
    'validate_only',
  ];
  it.each(options)('%s with a NUL is refused', async (name) => {
    await expectNothingNew(async () => {
      const csv = `Name,Image\na,${good}\n`;
      const inForm = await post(formOf([`${name}=a\0b`, FILE], csv));
      expect(inForm.status).toBe(422);
      expect((await post(csv, 'text/csv', `?${name}=a%00b`)).status).toBe(422);
      expect((await post(csv, 'text/csv', `?${name}[]=a&${name}[b]=c`)).status).toBe(422);
    });
  });

  it.each(ODD_TEXTS)('label may be %j', async (label) => {
    const { request_id: id } = await service.api.upload(`Name,Image\na,${good}\n`, { label });
    expect((await service.api.status(id)).label).toBe(label);
    const found = await service.api.get<{ data: { request_id: string }[] }>(
      `/api/requests?label=${encodeURIComponent(label)}`,
    );
    expect(found.data.map(({ request_id }) => request_id)).toContain(id);
  });

  it.each(['%ED%A0%80', '%FF', '%', '%zz', '%C0%80'])(
    'label of broken encoding (%s) does no harm',
    async (label) => {
      const answer = await post(`Name,Image\na,${good}\n`, 'text/csv', `?label=${label}`);
      expect([202, 400, 422]).toContain(answer.status);
      expect(await answer.text()).not.toMatch(/\\u0000|\\ud[89a-f]/i);
    },
  );
});

it('a key of any name is a key, and no more', async () => {
  for (const key of INHERITED) {
    const upload = () =>
      fetch(`${service.env.publicUrl}/api/upload`, {
        method: 'POST',
        body: `Name,Image\na,${good}\n`,
        headers: { 'content-type': 'text/csv', 'idempotency-key': key },
      });
    const [first, again] = [await upload(), await upload()];
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(await again.text()).toBe(await first.text());
  }
});

it('after all this an ordinary upload is worked, and so was everything that was accepted', async () => {
  const accepted = await service.api.upload(`S. No.,Product Name,Image\n1,SKU1,${good}\n`);
  expect(await expectWorked(accepted)).toHaveLength(2);
  const ids = await database.query<{ id: string }[]>('SELECT id FROM processing_request');
  for (const { id } of ids) expect((await service.api.finished(id)).status).toBe('completed');
});
