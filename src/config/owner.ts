import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Whom everything belongs to while there are no keys. */
export const DEFAULT_OWNER = 'default';

/** The caller's owner; every query of a handler is limited to it. */
export const Owner = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string =>
    context.switchToHttp().getRequest<{ owner?: string }>().owner ?? DEFAULT_OWNER,
);
