import type { FastifyInstance } from 'fastify';

/**
 * For whatever is answered and says nothing else: a browser that opens it runs nothing, shows it in no frame and keeps
 * no copy, for it may belong to the owner of a key. Output images have a policy of their own (files.controller.ts).
 */
const ANSWERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Swagger UI, all of it from this process. It writes style attributes, and its icons are data URLs. */
const SWAGGER_UI = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
};

/** A year, as browsers that preload such hosts ask for. Only this host: others of its domain are not ours. */
const HTTPS_ONLY = { 'strict-transport-security': 'max-age=31536000' };

/** The security headers of every answer but those that a route sets itself. */
export function securityHeaders(publicUrl: string): Record<string, string> {
  return { ...ANSWERS, ...(publicUrl.startsWith('https:') && HTTPS_ONLY) };
}

/** Sets them on all that Fastify answers; a route may set others later. */
export function sendSecurityHeaders(fastify: FastifyInstance, publicUrl: string): void {
  const headers = securityHeaders(publicUrl);
  fastify.addHook('onRequest', async ({ routeOptions }, reply) => {
    reply.headers(headers);
    if (routeOptions.url?.startsWith('/docs')) reply.headers(SWAGGER_UI);
  });
}
