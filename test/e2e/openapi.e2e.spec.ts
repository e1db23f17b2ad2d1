import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import {
  committedDocument,
  faultsOf,
  operationsOf,
  REPOSITORY,
  type Content,
  type Schema,
} from '../support/openapi-document.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

const document = committedDocument();
const operations = operationsOf(document);

let database: TestDatabase;
let directory: string;
let service: ServiceProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'halftone-test-'));
  // The build: what comments say of members gets into the document only there.
  service = await startProcess({ DATABASE_URL: database.url, DATA_DIR: directory, APP_MODE: 'api' });
});

afterAll(async () => {
  await service.end('SIGTERM');
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

describe('the document', () => {
  it('is the one that is served', async () => {
    const served = await fetch(`${service.url}/openapi.json`);
    expect(await served.json()).toEqual(document);
  });

  it('is what the command writes, which needs no database', async () => {
    const command = join(REPOSITORY, 'dist/src/commands/openapi.js');
    await promisify(execFile)(process.execPath, [command], { cwd: directory, env: {} });
    expect(JSON.parse(await readFile(join(directory, 'openapi.json'), 'utf8'))).toEqual(document);
  });

  it('is valid OpenAPI 3.1, and every reference in it leads somewhere', async () => {
    const validator = new Validator();
    // It takes apart what it is given.
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('leads to the service that it came from', () => {
    expect(document.servers.map(({ url }) => url)).toEqual(['/']);
  });
});

describe('an operation', () => {
  it('has a name of its own that a generated client can call it by', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(names.filter((name) => !/^[a-z]+(?:[A-Z][a-z]+)+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has a summary and a tag', () => {
    expect(operations.filter(({ summary, tags }) => !summary || tags.length !== 1)).toEqual([]);
  });

  it('has the parameters that its path names', () => {
    for (const { path, parameters } of operations) {
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(named).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });

  it('says of what type its parameters and bodies are', () => {
    expect(operations.flatMap(({ parameters }) => parameters).filter(({ schema }) => !schema.type)).toEqual(
      [],
    );
    expect(contents().filter(({ schema }) => Object.keys(schema).length === 0)).toEqual([]);
  });

  it('fails with a problem', () => {
    const failures = operations
      .filter(({ path }) => !path.startsWith('/health/'))
      .flatMap(({ responses }) => Object.entries(responses).filter(([status]) => status >= '400'))
      // RFC 9110: the answer is in the headers.
      .filter(([status]) => status !== '416');
    const types = failures.flatMap(([, { content = {} }]) => Object.keys(content));
    expect(types).toHaveLength(failures.length);
    expect(new Set(types)).toEqual(new Set(['application/problem+json']));
  });
});

describe('an example', () => {
  const members = Object.values(document.components.schemas).flatMap(({ properties }) =>
    Object.values(properties ?? {}),
  );
  const examples: [value: unknown, schema: Schema][] = [
    ...members.map((schema): [unknown, Schema] => [schema.example, schema]),
    ...operations.flatMap(({ parameters }) =>
      parameters.map(({ example, schema }): [unknown, Schema] => [example ?? schema.example, schema]),
    ),
    ...contents().flatMap(({ example, examples: several, schema }) =>
      [example, ...Object.values(several ?? {}).map(({ value }) => value)].map((value): [unknown, Schema] => [
        value,
        schema,
      ]),
    ),
  ];
  const given = examples.filter(([value]) => value !== undefined);

  it('is of the type that it is an example of', () => {
    expect(given.length).toBeGreaterThan(50);
    expect(given.filter(([value, schema]) => faultsOf(value, schema, document).length > 0)).toEqual([]);
  });
});

describe('what is sent', () => {
  it('to POST /api/webhook has two forms', () => {
    const { schema } = document.paths['/api/webhook']!.post!.requestBody!.content!['application/json']!;
    const registration = { webhook_url: 'https://shop.example/hook', request_id: null };
    const received = { status: 'completed', type: 'request.completed', data: {} };
    expect([registration, received].flatMap((body) => faultsOf(body, schema, document))).toEqual([]);
    expect(faultsOf({}, schema, document)).not.toEqual([]);
  });

  it('to POST /api/upload is a form of the file, in bytes, and all options', () => {
    const { schema } = document.paths['/api/upload']!.post!.requestBody!.content!['multipart/form-data']!;
    expect(schema).toEqual({ $ref: '#/components/schemas/UploadForm' });
    const { required, properties } = document.components.schemas.UploadForm!;
    expect(required).toEqual(['file']);
    expect(properties!.file).toMatchObject({ type: 'string', format: 'binary' });
    expect(Object.keys(properties!).toSorted().join(' ')).toBe(
      'effort file format label max_height max_width quality validate_only webhook_url',
    );
  });

  // It sends every example and default that its user does not change, and made them up where there was none.
  it('by Swagger UI, when only a file is chosen, asks for nothing', () => {
    const { file: _, ...options } = document.components.schemas.UploadForm!.properties!;
    const sent = Object.entries(options).map(([name, schema]) => [name, schema.example ?? schema.default]);
    expect(Object.fromEntries(sent)).toEqual({
      quality: 50,
      format: 'same',
      effort: 'balanced',
      max_width: 65_535,
      max_height: 65_535,
      webhook_url: '',
      label: 'spring catalogue',
      validate_only: false,
    });
  });
});

describe('Swagger UI', () => {
  it.each(['/docs', '/docs/', '/docs/index.html'])(
    'at %s needs nothing that is not from here',
    async (path) => {
      const page = await fetch(service.url + path);
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      const html = await page.text();
      const assets = [...html.matchAll(/(?:href|src)=["']([^"']+)["']/g)].map(([, address]) => address!);
      expect(assets.length).toBeGreaterThanOrEqual(4);
      for (const asset of assets) {
        expect(asset).toMatch(/^\.\//);
        const response = await fetch(new URL(asset, service.url + path));
        expect({ asset, status: response.status }).toEqual({ asset, status: 200 });
        await response.arrayBuffer();
      }
    },
  );

  it('has styles that load nothing', async () => {
    const css = await (await fetch(`${service.url}/docs/swagger-ui.css`)).text();
    expect([...css.matchAll(/url\((?!["']?data:)[^)]*\)|@import[^;]*/g)].map(([text]) => text)).toEqual([]);
  });
});

/** All that a body is described by, sent or answered. */
function contents(): Content[] {
  return operations.flatMap(({ requestBody, responses }) =>
    [requestBody, ...Object.values(responses)].flatMap((body) => Object.values(body?.content ?? {})),
  );
}
