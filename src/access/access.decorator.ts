import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Scope } from './scopes.js';

/**
 * Who may call a route, once there are keys: whoever has a key with the scope; everybody (`public`); or programs of this
 * machine, and others with any key (`local`).
 */
export type AccessRule = Scope | 'public' | 'local';

/** The metadata of a route, or of all routes of a controller; a route without it cannot be called. */
export const ACCESS_RULE = 'access_rule';

/** The names of the two ways to send a key, in the OpenAPI document. */
export const BEARER = 'bearer';
export const KEY_HEADER = 'x_api_key';

export function Access(rule: AccessRule): MethodDecorator & ClassDecorator {
  if (rule === 'public') return SetMetadata(ACCESS_RULE, rule);
  const scopes = rule === 'local' ? [] : [rule];
  return applyDecorators(
    SetMetadata(ACCESS_RULE, rule),
    ApiSecurity(BEARER, scopes),
    ApiSecurity(KEY_HEADER, scopes),
  );
}
