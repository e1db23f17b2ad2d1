/**
 * What a key may do. `requests:write`: upload (with a `webhook_url`, which tells of that request alone), cancel, retry,
 * delete. `requests:read`: everything that shows requests. `webhooks:manage`: endpoints and deliveries.
 */
export const SCOPES = ['requests:write', 'requests:read', 'webhooks:manage'] as const;
export type Scope = (typeof SCOPES)[number];
