import type { ListedImageBody } from '../../src/requests/image-body.dto.js';
import type { RequestBody } from '../../src/requests/request-body.dto.js';
import type { AcceptedBody } from '../../src/upload/upload-answers.dto.js';
import { expectProblem } from '../support/problems.js';
import { startService, type TestService } from '../support/service.js';
import { CSV, FILE, formOf, HEADER } from '../support/upload-form.js';

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

describe('what an upload can look like', () => {
  const options = {
    quality: 40,
    format: 'webp',
    effort: 'small',
    max_width: 800,
    max_height: 600,
  };
  const fields = [...Object.entries(options).map(([name, value]) => `${name}=${value}`), 'label=spring'];

  it('a form with the options before the file', async () => {
    const body = await accepted(await post(formOf([...fields, FILE])));
    expect(body).toMatchObject({ options, label: 'spring', file_name: 'products.csv' });
  });

  it('a form with the options after the file', async () => {
    const body = await accepted(await post(formOf([FILE, ...fields])));
    expect(body).toMatchObject({ options, label: 'spring', file_name: 'products.csv' });
  });

  it('a form with the options as query parameters', async () => {
    const body = await accepted(await post(formOf([FILE]), `?${fields.join('&')}`));
    expect(body).toMatchObject({ options, label: 'spring', file_name: 'products.csv' });
  });

  it('a form with some options here and some there', async () => {
    const body = await accepted(await post(formOf(['quality=10', FILE, 'format=avif']), '?max_width=5'));
    expect(body.options).toEqual({
      quality: 10,
      format: 'avif',
      effort: 'balanced',
      max_width: 5,
      max_height: null,
    });
  });

  it('a form whose file has no name', async () => {
    const form = new FormData();
    form.append('file', CSV);
    expect(await accepted(await post(form))).toMatchObject({ image_count: 3, file_name: null });
  });

  it.each(['text/csv', 'text/csv; charset=utf-8', 'application/csv', 'text/plain'])(
    'the file itself as %s',
    async (contentType) => {
      const body = await accepted(await post(CSV, '?quality=40', { 'content-type': contentType }));
      expect(body).toMatchObject({ image_count: 3, file_name: null, label: null, options: { quality: 40 } });
    },
  );

  it('nothing but the file', async () => {
    expect(await accepted(await post(formOf([FILE])))).toMatchObject({
      label: null,
      options: { quality: 50, format: 'same', effort: 'balanced', max_width: null, max_height: null },
    });
  });

  it('a file of many blocks, all of which are stored', async () => {
    const rows = Array.from({ length: 6000 }, (_, index) => `${index + 1},SKU${index},${urlOf(index)}`);
    const body = await accepted(await post(formOf([FILE], [HEADER, ...rows].join('\n'))));
    expect(body).toMatchObject({ product_count: 6000, image_count: 6000 });
    const images = (await service.api.images(body.request_id)) as ListedImageBody[];
    expect(images.map((image) => [image.position, image.row, image.input_url])).toEqual(
      rows.map((_, index) => [index, index + 1, urlOf(index)]),
    );
  });
});

const urlOf = (index: number): string => `https://shop.example/${'long-path/'.repeat(10)}${index}.jpg`;

describe('options', () => {
  it.each([
    ['quality', ['0', '101', '50.5', 'high', '-1', '1e1', '']],
    ['format', ['gif', 'JPEG', '']],
    ['effort', ['max', '']],
    ['max_width', ['0', '65536', '12px']],
    ['max_height', ['0', '65536', '-7']],
    ['label', ['x'.repeat(201), 'a\0b']],
    ['validate_only', ['yes', '1', 'TRUE']],
  ])('a wrong %s is named', async (name, values) => {
    for (const value of values) {
      const asField = await expectProblem(post(formOf([FILE, `${name}=${value}`])), 422, 'validation_failed');
      const query = `?${new URLSearchParams({ [name]: value }).toString()}`;
      const asParameter = await expectProblem(post(formOf([FILE]), query), 422, 'validation_failed');
      expect(asParameter.errors).toEqual(asField.errors);
      expect(asField).toMatchObject({
        detail: expect.stringContaining(`"${name}"`),
        errors: [{ code: 'invalid_value', parameter: name, message: expect.any(String) }],
        error_count: 1,
      });
    }
  });

  it.each([
    ['quality', ['1', '100']],
    ['max_width', ['1', '65535']],
    ['label', ['x'.repeat(200), 'ü = 🖼, "quoted"']],
  ] as const)('the least and the most that %s can be', async (name, values) => {
    for (const value of values) {
      const { options, label } = await accepted(await post(formOf([`${name}=${value}`, FILE])));
      expect(String(Object.assign(options, { label })[name])).toBe(value);
    }
  });

  it('all that are wrong are named at once', async () => {
    const response = await post(formOf(['quality=0', 'colour=red', FILE]), '?effort=none&x=1');
    const { errors, error_count } = await expectProblem(response, 422, 'validation_failed');
    expect(error_count).toBe(4);
    expect(errors).toEqual(
      expect.arrayContaining([
        { code: 'unknown_parameter', parameter: 'colour', message: 'There is no parameter "colour".' },
        { code: 'unknown_parameter', parameter: 'x', message: 'There is no parameter "x".' },
        expect.objectContaining({ code: 'invalid_value', parameter: 'quality' }),
        expect.objectContaining({ code: 'invalid_value', parameter: 'effort' }),
      ]),
    );
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'an unknown one that every object has: %s',
    async (name) => {
      const response = await post(formOf([FILE]), `?${name}=1`);
      const { errors } = await expectProblem(response, 422, 'validation_failed');
      expect(errors).toEqual([expect.objectContaining({ code: 'unknown_parameter', parameter: name })]);
    },
  );

  it.each([
    ['in the form and the query', ['quality=4', FILE], '?quality=3'],
    ['twice in the form', ['quality=4', FILE, 'quality=4'], ''],
    ['twice in the query', [FILE], '?quality=3&quality=3'],
  ])('one that is given %s', async (_where, parts, query) => {
    const { errors } = await expectProblem(post(formOf(parts), query), 422, 'validation_failed');
    expect(errors).toEqual([
      { code: 'invalid_value', parameter: 'quality', message: '"quality" is given more than once.' },
    ]);
  });

  it.each(['ftp://hooks.example/x', 'not a url', 'https://user:secret@hooks.example/', 'https://'])(
    'the webhook_url %s',
    async (url) => {
      const response = await post(formOf([`webhook_url=${url}`, FILE]));
      await expectProblem(response, 422, 'webhook_url_invalid');
    },
  );

  it('a webhook_url brings a secret', async () => {
    const response = await post(formOf(['webhook_url=https://hooks.example/x', FILE]));
    expect(await response.json()).toMatchObject({ webhook_secret: expect.stringMatching(/^whsec_/) });
  });
});
