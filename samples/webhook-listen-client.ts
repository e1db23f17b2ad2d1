import { keyAdvice, keyHeaders } from './sample-key.js';

const CALL_TIMEOUT_MS = 10_000;
/** Of an answer that is no problem of ours, when it is shown. */
const SHOWN_LENGTH = 200;
const START_ADVICE = `Start the service so that it may reach this machine, in another terminal:
  ALLOW_PRIVATE_ADDRESSES=true npm start`;

export interface RegisteredEndpoint {
  webhook_id: string;
  secret: string;
}

/** A call to the API came to nothing; the message says what to do. */
export class ApiFailure extends Error {
  constructor(
    message: string,
    /** Of the answer; undefined when none came. */
    readonly status?: number,
  ) {
    super(message);
  }
}

interface CallInit extends RequestInit {
  headers?: Record<string, string>;
}

/** The calls that the listener makes to the API. All throw an ApiFailure, and none lasts longer than 10 s. */
export class ListenClient {
  constructor(
    private readonly apiUrl: string,
    /** Undefined: the API has no keys. */
    private readonly apiKey: string | undefined,
  ) {}

  /** For all requests. */
  async register(webhookUrl: string): Promise<RegisteredEndpoint> {
    const body = await this.call('POST', '/api/webhooks', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ webhook_url: webhookUrl }),
    });
    const endpoint = parseObject(body) as Partial<RegisteredEndpoint>;
    if (typeof endpoint.webhook_id === 'string' && typeof endpoint.secret === 'string')
      return endpoint as RegisteredEndpoint;
    throw new ApiFailure(`What answers at ${this.apiUrl} is not Halftone; name its API with --api.`);
  }

  /** `signal` gives it up. */
  async sendTestEvent(webhookId: string, signal: AbortSignal): Promise<void> {
    await this.call('POST', `/api/webhooks/${webhookId}/test`, { signal });
  }

  /** Done, too, when the endpoint is not there any more. */
  async remove(webhookId: string): Promise<void> {
    await this.call('DELETE', `/api/webhooks/${webhookId}`).catch((error: unknown) => {
      if (!(error instanceof ApiFailure && error.status === 404)) throw error;
    });
  }

  /** Gives the body of a 2xx answer. */
  private async call(method: string, path: string, init: CallInit = {}): Promise<string> {
    const limits = [AbortSignal.timeout(CALL_TIMEOUT_MS), ...(init.signal ? [init.signal] : [])];
    let response: Response;
    let body: string;
    try {
      const headers = { ...init.headers, ...keyHeaders(this.apiKey) };
      response = await fetch(this.apiUrl + path, {
        ...init,
        method,
        headers,
        signal: AbortSignal.any(limits),
      });
      body = await response.text();
    } catch (error) {
      throw new ApiFailure(unreachable(this.apiUrl, error as Error));
    }
    if (response.ok) return body;
    const { status } = response;
    const advice =
      status === 401 || status === 403 ? `\n${keyAdvice(status, this.apiKey, 'npm run webhook:listen')}` : '';
    throw new ApiFailure(`${method} ${path} answered ${status}: ${faultText(body)}${advice}`, status);
  }
}

function unreachable(apiUrl: string, error: Error): string {
  // fetch says only that it failed; why is in its cause.
  const cause = error.cause as (Error & { code?: string }) | undefined;
  const reason = cause?.code ?? cause?.message ?? error.message;
  return `No answer from the API at ${apiUrl} (${reason}).\n${START_ADVICE}`;
}

/** What a problem says, or the beginning of another answer. */
function faultText(body: string): string {
  const { code, detail } = parseObject(body) as { code?: unknown; detail?: unknown };
  if (typeof detail !== 'string') return body.slice(0, SHOWN_LENGTH);
  return code === 'webhook_url_invalid' ? `${detail}\n${START_ADVICE}` : detail;
}

/** Empty when the text is no JSON object. */
function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
