import type { LoggedDelivery } from './delivery-log.js';
import type { DeliveryBody } from './deliveries.dto.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { WebhookBody } from './webhooks.dto.js';

/** What its owner is told of an endpoint: never the secret. */
export function webhookBody(endpoint: WebhookEndpoint): WebhookBody {
  return {
    webhook_id: endpoint.id,
    webhook_url: endpoint.url,
    request_id: endpoint.requestId,
    events: endpoint.events,
    enabled: endpoint.enabled,
    disabled_reason: endpoint.disabledReason,
    created_at: endpoint.createdAt.toISOString(),
  };
}

/** What its owner is told of a delivery. */
export function deliveryBody(delivery: LoggedDelivery): DeliveryBody {
  return {
    delivery_id: delivery.id,
    event_id: delivery.eventId,
    webhook_id: delivery.endpointId,
    type: delivery.type,
    request_id: delivery.requestId,
    status: delivery.status,
    created_at: delivery.createdAt.toISOString(),
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    attempts: delivery.attempts ?? [],
  };
}
