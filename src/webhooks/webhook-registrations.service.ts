import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Env } from '../config/env.js';
import { Problem } from '../errors/problem.js';
import { isTerminal } from '../requests/request-status.js';
import { RequestsRepository } from '../requests/requests.repository.js';
import { DeliveryWakeups } from './delivery-wakeups.js';
import { readEventTypes } from './event-types.js';
import { newId } from './prefixed-id.js';
import { RequestEventsService } from './request-events.service.js';
import { newSecret } from './secrets.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { assertWebhookUrl } from './webhook-url.js';

export interface Registration {
  ownerId: string;
  url: string;
  /** Null: for all requests of the owner. */
  requestId: string | null;
  /** What it wants to be told of; everything when left out. */
  events?: string[];
}

export interface Registered {
  endpoint: WebhookEndpoint;
  /** The endpoints to wake after the commit: those told at once, because the request has already ended. */
  wake: string[];
}

/** Takes webhook URLs: from an upload, or from a caller of the API. */
@Injectable()
export class WebhookRegistrationsService {
  constructor(
    private readonly env: Env,
    private readonly dataSource: DataSource,
    private readonly requests: RequestsRepository,
    private readonly requestEvents: RequestEventsService,
    private readonly wakeups: DeliveryWakeups,
  ) {}

  /** Registers in a transaction of its own, and wakes. Throws as `register` does. */
  async registerNow(registration: Registration): Promise<Registered> {
    const registered = await this.dataSource.transaction((manager) => this.register(manager, registration));
    await this.wakeups.wake(registered.wake);
    return registered;
  }

  /**
   * Registers in the caller's transaction, who wakes after the commit. Throws `webhook_url_invalid`,
   * `validation_failed` for unknown events, `not_found` for a request that the owner does not have.
   */
  async register(manager: EntityManager, registration: Registration): Promise<Registered> {
    const { ownerId, url, requestId } = registration;
    assertWebhookUrl(url, this.env);
    const events = readEventTypes(registration.events);
    // Whoever closes the request holds the same lock: it ends before this registration, or finds the new endpoint.
    const request = requestId === null ? null : await this.requests.lockOwn(manager, ownerId, requestId);
    if (request === undefined)
      throw new Problem('not_found', `There is no request ${requestId!.slice(0, 200)}.`);
    const endpoint = manager.create(WebhookEndpoint, {
      id: newId('whk'),
      ownerId,
      requestId: request?.id ?? null,
      url,
      events,
      secret: newSecret(),
    });
    await manager.insert(WebhookEndpoint, endpoint);
    const late = request && isTerminal(request.status);
    const wake = late ? await this.requestEvents.recordLateDelivery(manager, request, endpoint.id) : [];
    return { endpoint, wake };
  }
}
