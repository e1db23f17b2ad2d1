import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { Problem } from '../errors/problem.js';
import { validationProblem } from '../errors/validation-problem.js';
import { RegisterWebhookDto } from './webhooks.dto.js';

/** Which of its two uses a body of POST /api/webhook is for. */
export type WebhookForm =
  | { kind: 'registration'; registration: RegisterWebhookDto }
  /** Somebody's webhook, sent here to see one arrive. */
  | { kind: 'received'; body: Record<string, unknown> };

/** Throws `webhook_url_missing` when it is neither, `validation_failed` for a registration with wrong or unknown members. */
export async function readWebhookForm(body: unknown): Promise<WebhookForm> {
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  if (!isGiven(members.webhook_url)) {
    if (isGiven(members.status)) return { kind: 'received', body: members };
    throw new Problem(
      'webhook_url_missing',
      'Send {"webhook_url": "https://…"} as JSON to register an endpoint, with a "request_id" for one request only.',
    );
  }
  const registration = plainToInstance(RegisterWebhookDto, members);
  const errors = await validate(registration, { whitelist: true, forbidNonWhitelisted: true });
  if (errors.length > 0) throw validationProblem(errors);
  return { kind: 'registration', registration };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
