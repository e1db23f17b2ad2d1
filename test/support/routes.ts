import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Every route that the application answers at, as `GET /api/requests/:request_id`. */
export function routesOf(app: NestFastifyApplication): string[] {
  const parents: string[] = [];
  return app
    .getHttpAdapter()
    .getInstance()
    .printRoutes()
    .split('\n')
    .flatMap((line) => {
      const [, indent, part, methods] = /^(.*?)[└├]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
      if (part === undefined) return [];
      const depth = indent!.length / 4;
      parents[depth] = (parents[depth - 1] ?? '') + part;
      return methods?.split(', ').map((method) => `${method} ${parents[depth]!}`) ?? [];
    });
}
