import type { LoggedDelivery } from './delivery-log.js';
import type { DeliveryBody } from './deliveries.dto.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { Registered } from './webhook-registrations.service.js';
import type { EndpointBody, RegisteredWebhookDto, RotatedSecretBody, WebhookBody } from './webhooks.dto.js';

/** What its owner is told of an endpoint at its registration and later. */
function endpointBody({ id, url, requestId, events }: WebhookEndpoint): EndpointBody {
  return { webhook_id: id, webhook_url: url, request_id: requestId, events };
}

/** The one answer that shows the secret of a new endpoint. */
export function registeredBody({ endpoint, wake }: Registered): RegisteredWebhookDto {
  const toldAtOnce = wake.includes(endpoint.id);
  return Object.assign(endpointBody(endpoint), {
    secret: endpoint.secret,
    message: toldAtOnce
      ? 'Webhook registered. The request has already finished: its event is sent at once.'
      : 'Webhook registered.',
  });
}

/** The one answer that shows the secret that signs from now on. */
export function rotatedSecretBody({ id, secret, retiredSecrets }: WebhookEndpoint): RotatedSecretBody {
  const { until } = retiredSecrets[0]!;
  return {
    webhook_id: id,
    secret,
    previous_secret_until: until,
    message: `Both secrets sign until ${until}.`,
  };
}

/** What its owner is told of an endpoint later: never the secret. */
export function webhookBody(endpoint: WebhookEndpoint): WebhookBody {
  return Object.assign(endpointBody(endpoint), {
    enabled: endpoint.enabled,
    disabled_reason: endpoint.disabledReason,
    created_at: endpoint.createdAt.toISOString(),
  });
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
