import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { problemBody } from './problem-body.js';
import { Problem } from './problem.js';

/** Answers bytes that are no HTTP: there is no request and no reply yet, only a socket, which it then closes. */
export function answerUnreadableHttp(error: NodeJS.ErrnoException, socket: Socket, publicUrl: string): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const traceId = randomUUID();
    const problem = new Problem('malformed_request', 'This is not HTTP/1.1, or its headers are too long.');
    const body = JSON.stringify(problemBody(problem, publicUrl, traceId));
    const head = [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${traceId}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
