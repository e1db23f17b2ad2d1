import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Access, ACCESS_RULE, type AccessRule } from '../../../src/access/access.decorator.js';
import { SCOPES } from '../../../src/access/scopes.js';

/** What the guard reads of a controller with the rule, and what the OpenAPI document says of its route. */
async function decorated(rule: AccessRule): Promise<{ rule: unknown; security: unknown }> {
  @Access(rule)
  @Controller()
  class SampleController {
    @Get('sample')
    sample(): void {}
  }
  @Module({ controllers: [SampleController] })
  class SampleModule {}

  const app = await NestFactory.create(SampleModule, new FastifyAdapter(), { logger: false, preview: true });
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  await app.close();
  const { security } = document.paths['/sample']!.get!;
  return { rule: Reflect.getMetadata(ACCESS_RULE, SampleController), security };
}

describe('Access', () => {
  it.each(SCOPES)(
    'says to guard and document alike that a key with %s is needed, sent in either way',
    async (scope) => {
      expect(await decorated(scope)).toEqual({
        rule: scope,
        security: [{ bearer: [scope] }, { x_api_key: [scope] }],
      });
    },
  );

  it('asks for any key where other machines call what is for this one', async () => {
    expect(await decorated('local')).toEqual({
      rule: 'local',
      security: [{ bearer: [] }, { x_api_key: [] }],
    });
  });

  it('asks for none where everybody may call', async () => {
    expect(await decorated('public')).toEqual({ rule: 'public', security: undefined });
  });
});
