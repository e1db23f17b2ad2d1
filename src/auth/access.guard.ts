import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS_RULE, type AccessRule } from '../access/access.decorator.js';
import { DEFAULT_OWNER, type Caller } from '../access/owner.js';
import type { Scope } from '../access/scopes.js';
import { isMistypedApiKey } from '../config/api-key.js';
import { Env } from '../config/env.js';
import { Problem } from '../errors/problem.js';
import { ApiKeys, type FoundKey } from './api-keys.js';
import { isLocal, networkOf } from './caller-address.js';
import { readKey, unauthorized } from './credentials.js';
import { isForeignPage } from './foreign-page.js';
import { RateLimits } from './rate-limits.js';

type Request = FastifyRequest & { caller?: Caller };

/** Finds out whom a request comes from, whether it may do that, and whether it comes too often; before every handler. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
    private readonly limits: RateLimits,
    private readonly env: Env,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(ACCESS_RULE, targets);
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (rule === undefined)
      throw new Error(`${request.method} ${request.routeOptions.url} has no access rule`);
    if (rule === 'public' || (rule === 'local' && this.isOwnProgram(request))) return true;
    const reply = http.getResponse<FastifyReply>();
    if (await this.keys.areKept()) await this.admitKey(request, reply, rule);
    else await this.admitLocal(request, reply, rule);
    return true;
  }

  private isOwnProgram({ raw }: Request): boolean {
    return isLocal(raw) && !isForeignPage(raw, this.env.publicUrl);
  }

  private async admitKey(request: Request, reply: FastifyReply, rule: Scope | 'local'): Promise<void> {
    const key = await this.findKey(request);
    reply.headers(await this.limits.countCall(key.id));
    if (rule !== 'local' && !key.scopes.includes(rule)) throw insufficientScope(rule);
    request.caller = { ownerId: key.ownerId, keyId: key.id };
  }

  /** The same without keys, when only this machine, and proxies on it, can reach the API. */
  private async admitLocal(request: Request, reply: FastifyReply, rule: Scope | 'local'): Promise<void> {
    if (rule === 'local')
      throw unauthorized('This answers programs of the same machine, and others with a key.');
    if (isForeignPage(request.raw, this.env.publicUrl)) {
      throw new Problem(
        'foreign_page',
        `Without keys only programs of this machine may call, and pages of ${this.env.publicUrl}, not those of other sites.`,
      );
    }
    request.caller = { ownerId: DEFAULT_OWNER };
    if (this.env.rateLimit === undefined && isLocal(request.raw)) return;
    reply.headers(await this.limits.countCall(networkOf(request.ip)));
  }

  private async findKey(request: Request): Promise<FoundKey> {
    const address = networkOf(request.ip);
    try {
      const key = readKey(request.headers);
      // Those who share the address of somebody who tries keys go on, if their own was seen before.
      if (this.limits.isBlocked(address) && !(key && this.keys.wasLive(key))) {
        await this.limits.countRefusal(address);
      }
      return await this.validKey(key);
    } catch (error) {
      if (error instanceof Problem && error.code === 'unauthorized') await this.limits.countRefusal(address);
      throw error;
    }
  }

  private async validKey(key: string | undefined): Promise<FoundKey> {
    if (key === undefined) throw unauthorized('Send a key: "Authorization: Bearer KEY" or "X-API-Key: KEY".');
    if (isMistypedApiKey(key)) {
      throw unauthorized('The key is mistyped or cut: its checksum is wrong.', 'invalid_token');
    }
    const found = await this.keys.find(key);
    if (!found) throw unauthorized('There is no such key.', 'invalid_token');
    if (found.state !== 'live')
      throw unauthorized(`The key ${found.name} is ${found.state}.`, 'invalid_token');
    return found;
  }
}

/** RFC 6750, 3.1. */
function insufficientScope(scope: Scope): Problem {
  return new Problem(
    'insufficient_scope',
    `The key lacks the scope ${scope}; a key keeps those it was made with.`,
    {
      headers: {
        'www-authenticate': `Bearer realm="halftone", error="insufficient_scope", scope="${scope}"`,
      },
    },
  );
}
