import type { RequestBody } from '../../src/requests/request-body.dto.js';
import type { AcceptedBody, ValidationReport } from '../../src/upload/upload-answers.dto.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { CSV, FILE, formOf, handmadeForm, HEADER } from '../support/upload-form.js';

const LONG_NAME = 'x'.repeat(1000);

let service: TestService;

beforeAll(async () => {
  service = await startService({ APP_MODE: 'api' });
});
afterAll(() => service.stop());

const post = (body: FormData | string, query = '', headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload${query}`, { method: 'POST', body, headers });

async function accepted(response: Response): Promise<RequestBody> {
  const body = await response.text();
  expect({ status: response.status, body }).toMatchObject({ status: 202 });
  return service.api.status((JSON.parse(body) as AcceptedBody).request_id);
}

describe('validate_only', () => {
  const check = async (csv: string, query = '?validate_only=true'): Promise<ValidationReport> => {
    const before = await service.api.get('/api/requests');
    const response = await post(formOf([FILE], csv), query);
    expect(response.status).toBe(200);
    expect(response.headers.get('location')).toBeNull();
    expect(await service.api.get('/api/requests')).toEqual(before);
    return (await response.json()) as ValidationReport;
  };

  it('reports a good file and stores nothing', async () => {
    expect(await check(CSV)).toEqual({
      valid: true,
      product_count: 2,
      image_count: 3,
      warnings: [],
      errors: [],
      error_count: 0,
    });
  });

  it('reports a faulty one with 200 too', async () => {
    expect(await check(`${HEADER}\n1,SKU1,ftp://shop.example/a.jpg\n2,SKU2,\n`)).toEqual({
      valid: false,
      product_count: 2,
      image_count: 1,
      warnings: [],
      errors: [
        {
          code: 'url_scheme_not_allowed',
          line: 2,
          column: 'Input Image Urls',
          message: expect.any(String),
          value: 'ftp://shop.example/a.jpg',
        },
        {
          code: 'url_missing',
          line: 3,
          column: 'Input Image Urls',
          message: expect.any(String),
          value: null,
        },
      ],
      error_count: 2,
    });
  });

  it('false is an upload as any other', async () => {
    const { request_id } = await accepted(await post(formOf([FILE]), '?validate_only=false'));
    expect(await service.api.images(request_id)).toHaveLength(3);
  });

  it('still refuses wrong options', async () => {
    await expectProblem(post(formOf([FILE]), '?validate_only=true&quality=0'), 422, 'validation_failed');
    const webhook = post(formOf([FILE]), '?validate_only=true&webhook_url=ftp://hooks.example');
    await expectProblem(webhook, 422, 'webhook_url_invalid');
  });
});

describe('what the CSV is answered with', () => {
  it('tells up to 100 faults and the number of all', async () => {
    const rows = Array.from({ length: 150 }, (_, index) => `${index},SKU,nothing`);
    const response = await post(formOf([FILE], [HEADER, ...rows].join('\n')));
    const { detail, errors, error_count } = await expectProblem(response, 422, 'csv_invalid');
    expect(error_count).toBe(150);
    expect(errors).toHaveLength(100);
    expect(errors![99]).toEqual({
      code: 'url_invalid',
      line: 101,
      column: 'Input Image Urls',
      message: expect.any(String),
      value: 'nothing',
    });
    expect(detail).toMatch(/^Line 2: .*149 more fault\(s\)/);
  });

  it('an empty file has no rows', async () => {
    const form = await expectProblem(post(formOf([FILE], '')), 422, 'csv_invalid');
    const raw = await expectProblem(post('', '', { 'content-type': 'text/csv' }), 422, 'csv_invalid');
    for (const { errors } of [form, raw]) expect(errors).toMatchObject([{ code: 'no_rows' }]);
  });

  it('an accepted one with warnings says so', async () => {
    const response = await post(
      formOf(
        [FILE],
        `${HEADER}\n1,SKU1,https://shop.example/1.jpg,https://shop.example/2.jpg\n2,SKU2,https://shop.example/3.jpg`,
      ),
    );
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      image_count: 3,
      warnings: [
        {
          code: 'overflow_cells_joined',
          line: 2,
          column: 'Input Image Urls',
          message: expect.any(String),
        },
      ],
    });
  });

  it('half a surrogate pair cannot come in', async () => {
    const csv = Buffer.from(`\uFEFF${HEADER}\n1,SKU\uD83D,https://shop.example/1.jpg\n`, 'utf16le');
    const { errors } = await expectProblem(post(formOf([FILE], csv)), 422, 'csv_invalid');
    expect(errors).toMatchObject([{ code: 'invalid_character', line: 2, column: 'Product Name' }]);
  });
});

describe('the name of the file', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\spring.csv', 'spring.csv'],
    ['Frühjahr 🖼.csv', 'Frühjahr 🖼.csv'],
    [LONG_NAME, LONG_NAME.slice(0, 255)],
    // The 255th character is half of one.
    [`${'x'.repeat(254)}🖼`, `${'x'.repeat(254)}\uFFFD`],
  ])('%.20s…', async (given, kept) => {
    expect(await accepted(await post(formOf([FILE], CSV, given)))).toMatchObject({ file_name: kept });
  });

  it.each([
    ['quotes', 'filename="sp\\"ri\'ng; x=1.csv"', 'sp"ri\'ng; x=1.csv'],
    ['a NUL, which no database takes', "filename*=utf-8''a%00b.csv", 'ab.csv'],
  ])('with %s', async (_what, parameter, kept) => {
    const { body, type } = handmadeForm(`Content-Disposition: form-data; name="file"; ${parameter}`, CSV);
    expect(await accepted(await post(body, '', { 'content-type': type }))).toMatchObject({ file_name: kept });
  });
});
