import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A connection on which anything can be sent, also what no HTTP client would. */
export interface RawConnection {
  socket: Socket;
  send: (bytes: string | Buffer) => void;
  /** Everything that came until the other side closed. */
  answer: Promise<string>;
}

export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const answer = text(socket);
  // A test may have no interest in it.
  answer.catch(() => undefined);
  return { socket, answer, send: (bytes) => void socket.write(bytes) };
}

/** The head of a POST to /api/upload whose body is sent by hand. */
export function uploadHead(contentType: string, contentLength: number, query = ''): string {
  return [
    `POST /api/upload${query} HTTP/1.1`,
    'Host: localhost',
    `Content-Type: ${contentType}`,
    `Content-Length: ${contentLength}`,
    '\r\n',
  ].join('\r\n');
}

/** What comes first, of an answer that is one packet; then the connection is closed. */
export async function firstPacket({ socket }: RawConnection): Promise<string> {
  const [packet] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return packet.toString();
}

/** What the bytes are answered with, by a server that then closes. */
export async function rawAnswer(url: string, bytes: string): Promise<Response> {
  const { send, answer } = await rawConnection(url);
  send(bytes);
  return parseAnswer(await answer);
}

/** An answer as it came over the connection. */
export function parseAnswer(answer: string): Response {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine, ...lines] = answer.slice(0, end).split('\r\n');
  const headers = lines.map((line) => line.split(': ') as [string, string]);
  return new Response(answer.slice(end + 4) || null, { status: Number(statusLine!.split(' ')[1]), headers });
}
