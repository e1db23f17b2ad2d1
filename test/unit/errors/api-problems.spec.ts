import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ApiProblems } from '../../../src/errors/api-problems.decorator.js';

@Controller()
class SampleController {
  @Get('sample')
  @ApiProblems('not_found', 'validation_failed', 'csv_invalid')
  sample(): void {}
}

@Module({ controllers: [SampleController] })
class SampleModule {}

async function documentOf(module: new () => object): Promise<OpenAPIObject> {
  const app = await NestFactory.create(module, new FastifyAdapter(), { logger: false, preview: true });
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  await app.close();
  return document;
}

describe('ApiProblems', () => {
  it('describes one response for each status, with an example for each problem', async () => {
    const document = await documentOf(SampleModule);
    const { responses } = document.paths['/sample']!.get!;
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['404', '422']));
    expect(responses['404']).toMatchObject({ description: '`not_found`: Not found.' });
    expect(responses['422']).toMatchObject({
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/ProblemDto' },
          examples: {
            validation_failed: { value: { status: 422, code: 'validation_failed' } },
            csv_invalid: { value: { status: 422, title: 'The CSV has errors' } },
          },
        },
      },
    });
    expect(document.components?.schemas).toHaveProperty('ProblemDto');
  });
});
