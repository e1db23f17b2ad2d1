import type { FastifyInstance } from 'fastify';
import type { ProblemFilter } from '../errors/problem.filter.js';
import { Problem } from '../errors/problem.js';

/** Answers 405 with `Allow` where an address exists and only the method is wrong; Fastify calls it not found. */
export function refuseUnknownMethods(fastify: FastifyInstance, problems: ProblemFilter): void {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return undefined;
    const [path] = request.url.split('?', 1) as [string];
    const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    if (methods.length === 0) return undefined;
    const allow = [...new Set(methods)].toSorted().join(', ');
    const detail = `${request.method} does nothing here; ${allow} would.`;
    problems.answer(new Problem('method_not_allowed', detail, { headers: { allow } }), request, reply);
    return reply;
  });
}

/** What a route of Fastify's (`/a/:b`, `/a/*`) matches. */
function patternOf(url: string): RegExp {
  const literal = url.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`);
}
