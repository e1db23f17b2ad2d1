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
    'Host: halftone.test',
    `Content-Type: ${contentType}`,
    `Content-Length: ${contentLength}`,
    '\r\n',
  ].join('\r\n');
}
