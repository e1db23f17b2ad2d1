import { IsNull, type EntityManager } from 'typeorm';
import { Problem } from '../errors/problem.js';
import { isPrefixedId } from './prefixed-id.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

/**
 * An endpoint of the owner. Throws `not_found` for what does not exist, is malformed, or belongs to someone else: callers
 * cannot tell which. With a lock the row stays as it is until the transaction ends.
 */
export async function findEndpoint(
  manager: EntityManager,
  ownerId: string,
  id: string,
  lock?: 'for_no_key_update',
): Promise<WebhookEndpoint> {
  const endpoint = isPrefixedId('whk', id)
    ? await manager.findOne(WebhookEndpoint, {
        where: { id, ownerId, deletedAt: IsNull() },
        lock: lock && { mode: lock },
      })
    : null;
  if (!endpoint) throw new Problem('not_found', 'There is no webhook with this id.');
  return endpoint;
}
