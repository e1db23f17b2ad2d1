import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemBody } from '../errors/problem-body.js';
import { Problem } from '../errors/problem.js';

/**
 * Answers bytes that are no HTTP, or no end of it: there is no request and no reply yet, only a socket, which it then
 * closes. `headers` are sent beside its own.
 */
export function answerUnreadableHttp(
  error: NodeJS.ErrnoException,
  socket: Socket,
  publicUrl: string,
  headers: Record<string, string>,
): void {
  if (error.code !== 'ECONNRESET' && canAnswer(socket)) {
    const traceId = randomUUID();
    const problem = toProblem(error);
    const body = JSON.stringify(problemBody(problem, publicUrl, traceId));
    const all = {
      ...headers,
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-request-id': traceId,
      connection: 'close',
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const statusLine = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n`;
    socket.write(`${statusLine}${lines.join('')}\r\n${body}`);
  }
  socket.destroySoon();
}

/** A connection that was opened ahead and never used is closed without a word, and an answer under way is not spoiled. */
function canAnswer(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return socket.writable && socket.bytesRead > 0 && !socket._httpMessage?.headersSent;
}

function toProblem({ code }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'The headers did not come to their end in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 'The address and the headers have more than 16 KiB together.');
    default:
      return new Problem('malformed_request', 'This is not HTTP/1.1, or its method is none.');
  }
}
