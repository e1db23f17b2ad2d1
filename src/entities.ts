import { ApiKey } from './auth/api-key.entity.js';
import { CallCount } from './auth/call-count.entity.js';
import { Slice } from './processing/slice.entity.js';
import { WorkerProcess } from './processing/worker.entity.js';
import { IdempotencyKey } from './requests/idempotency-key.entity.js';
import { ProcessingRequest } from './requests/processing-request.entity.js';
import { ProductImage } from './requests/product-image.entity.js';
import { Product } from './requests/product.entity.js';
import { Installation } from './storage/installation.entity.js';
import { WebhookAttempt } from './webhooks/webhook-attempt.entity.js';
import { WebhookDelivery } from './webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhooks/webhook-endpoint.entity.js';
import { WebhookEvent } from './webhooks/webhook-event.entity.js';

/** Every table, as a class. A test compares them with what the migrations make. */
export const ENTITIES = [
  ApiKey,
  CallCount,
  ProcessingRequest,
  Product,
  ProductImage,
  IdempotencyKey,
  Slice,
  WorkerProcess,
  WebhookEndpoint,
  WebhookEvent,
  WebhookDelivery,
  WebhookAttempt,
  Installation,
];
