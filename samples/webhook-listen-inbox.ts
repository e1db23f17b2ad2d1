import { Webhook } from 'standardwebhooks';
import type { ReceivedPost } from './webhook-listen-receiver.js';

const UNAUTHORIZED = 401;

/** What the listener made of a POST. */
export interface PostVerdict {
  /** Why the signature is not valid; undefined when it is. */
  signatureFault: string | undefined;
  /** Of an event that came before: how the last one was answered. */
  answeredBefore: number | undefined;
  /** The status it is answered with now. */
  answered: number;
}

/** Does what a receiver must: believes nothing that is not signed, and knows which events it has had. */
export class Inbox {
  private readonly webhook: Webhook;
  /** The last answer to each event, by its webhook-id. */
  private readonly answers = new Map<string, number>();

  constructor(
    secret: string,
    /** The status for a valid signature. */
    private readonly answer: number,
  ) {
    this.webhook = new Webhook(secret);
  }

  judge({ headers, body }: ReceivedPost): PostVerdict {
    const signatureFault = this.findFault(headers, body);
    if (signatureFault !== undefined)
      return { signatureFault, answeredBefore: undefined, answered: UNAUTHORIZED };
    const id = headers['webhook-id']!;
    const answeredBefore = this.answers.get(id);
    this.answers.set(id, this.answer);
    return { signatureFault, answeredBefore, answered: this.answer };
  }

  private findFault(headers: Record<string, string>, body: string): string | undefined {
    try {
      this.webhook.verify(body, headers, { jsonParse: false });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
}
