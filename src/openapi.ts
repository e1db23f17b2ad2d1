import type { INestApplication } from '@nestjs/common';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { BEARER, KEY_HEADER } from './access/access.decorator.js';
import { VERSION } from './config/version.js';

const SERVICE: Omit<OpenAPIObject, 'paths'> = {
  openapi: '3.1.0',
  info: {
    title: 'Halftone',
    description:
      'Bulk image compression from a spreadsheet. Upload a CSV with image URLs; every image is downloaded, compressed ' +
      'and stored by background workers. Watch the status, fetch the output CSV, or get a signed webhook.',
    version: VERSION,
  },
  components: {
    securitySchemes: {
      [BEARER]: {
        type: 'http',
        scheme: 'bearer',
        description:
          'A key. A service that has none yet asks for none, and then only this machine reaches it.',
      },
      [KEY_HEADER]: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key.' },
    },
  },
  servers: [{ url: '/', description: 'The service that this document comes from.' }],
  tags: [
    { name: 'requests', description: 'Upload a CSV, watch it, fetch what came of it.' },
    { name: 'webhooks', description: 'Be told when a request has finished.' },
    { name: 'files', description: 'The compressed images.' },
    { name: 'operations', description: 'Health, and what problems mean.' },
  ],
};

/** What generated clients call an operation is the name of its method; one with two paths needs two. */
const OPERATION_IDS: Record<string, string> = {
  'registerWebhook[0]': 'registerWebhook',
  'registerWebhook[1]': 'registerOrReceiveWebhook',
};

/** The OpenAPI document of all routes of an API process. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, SERVICE, {
    operationIdFactory: (_controller, method) => OPERATION_IDS[method] ?? method,
  });
  return JSON.parse(JSON.stringify(document), (_key, value: NestSchema | null) =>
    value?.nullable ? orNull(value) : value,
  ) as OpenAPIObject;
}

/** Swagger UI at `/docs`, all of it from this process, and the document at `/openapi.json`. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Halftone API',
    // No badge of validator.swagger.io, which would be told the address of the service.
    swaggerOptions: { defaultModelsExpandDepth: 0, validatorUrl: null },
  });
}

/** A schema as Nest writes it. */
interface NestSchema {
  nullable?: boolean;
  type?: string;
  allOf?: object[];
}

/** The same in OpenAPI 3.1, whose schemas are JSON Schema and know no `nullable`: any validator can check our answers. */
function orNull(schema: NestSchema): object {
  const { nullable: _, type, allOf, ...rest } = schema;
  return allOf ? { ...rest, anyOf: [...allOf, { type: 'null' }] } : { ...rest, type: [type, 'null'] };
}
