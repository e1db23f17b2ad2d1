import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Whom everything belongs to while there are no keys. */
export const DEFAULT_OWNER = 'default';

/** Whom a request was found to come from, by the guard. */
export interface Caller {
  ownerId: string;
  /** The id of the key; undefined while there are no keys. */
  keyId?: string;
}

/** The caller's owner; every query of a handler is limited to it. */
export const Owner = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const { caller } = context.switchToHttp().getRequest<{ caller?: Caller }>();
  return caller?.ownerId ?? DEFAULT_OWNER;
});
