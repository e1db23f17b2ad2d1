import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export const REPOSITORY = join(__dirname, '../..');

// As much of OpenAPI 3.1 as our document uses.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  example?: unknown;
  [keyword: string]: unknown;
}

export interface Content {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

export interface Body {
  content?: Record<string, Content>;
}

export interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters: { name: string; in: 'path' | 'query'; schema: Schema; example?: unknown }[];
  requestBody?: Body;
  responses: Record<string, Body>;
  /** The ways to send a key, each with the scopes that it must have; without it everybody may call. */
  security?: Record<string, string[]>[];
}

export interface OpenApiDocument {
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
  [member: string]: unknown;
}

/** The document as it is committed. */
export function committedDocument(): OpenApiDocument {
  return JSON.parse(readFileSync(join(REPOSITORY, 'openapi.json'), 'utf8')) as OpenApiDocument;
}

export function operationsOf(document: OpenApiDocument): (Operation & { method: string; path: string })[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => Object.assign({ method, path }, operation)),
  );
}

/** The same, in which no object may have a member that its schema does not name. */
export function closed(document: OpenApiDocument): OpenApiDocument {
  return JSON.parse(JSON.stringify(document), (_key, value: Schema | null) =>
    value?.type === 'object' && value.properties ? { additionalProperties: false, ...value } : value,
  ) as OpenApiDocument;
}

/** What a value has against a schema of the document; nothing when it is as described. */
export function faultsOf(value: unknown, schema: Schema, { components }: OpenApiDocument): unknown[] {
  // `example` is no keyword of JSON Schema.
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv, ['date-time', 'uuid', 'uri', 'binary']);
  const validate = ajv.compile({ ...schema, components });
  return validate(value) ? [] : validate.errors!;
}
