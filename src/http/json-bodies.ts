import type { FastifyInstance } from 'fastify';
import { Problem } from '../errors/problem.js';

/** Deeper than anything we take or send. What walks through a value, as validation does, needs stack for every level. */
const MAX_DEPTH = 32;

/** Reads bodies of JSON: UTF-8, no `__proto__`, at most 32 levels. What is wrong is told with its position. */
export function readJson(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    // Many clients say JSON on every POST, also where there is nothing to say.
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    let text: string;
    try {
      text = decoder.decode(body);
    } catch {
      done(malformed('The body is not UTF-8.'));
      return;
    }
    void parse(request, text, (error, value) => {
      if (error) done(malformed(faultOf(text)));
      else if (isDeeper(value, MAX_DEPTH)) done(malformed(`The JSON has more than ${MAX_DEPTH} levels.`));
      else done(null, value);
    });
  });
}

const malformed = (detail: string): Problem => new Problem('malformed_request', detail);

function faultOf(text: string): string {
  try {
    JSON.parse(text);
    return 'The JSON has a member "__proto__" or "constructor" that no object may have.';
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}.`;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
