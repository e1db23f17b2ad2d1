import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Gives a function that ends the connections on which no request has come yet. Browsers and HTTP clients open such
 * ones ahead, and a closing Node server waits for them: to `closeIdleConnections` they are not idle (Node 20 to 26).
 */
export function trackUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => unused.forEach((socket) => socket.destroy());
}
