import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';

export interface PlainAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A request whose path is sent as it is, which `fetch` would tidy up. */
export async function sendAsItIs(
  url: string,
  method: string,
  path: string,
  options: { headers?: OutgoingHttpHeaders; auth?: string } = {},
): Promise<PlainAnswer> {
  const sent = request(url, { method, path, agent: false, ...options });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode!, headers: answer.headers, body: await text(answer) };
}
