import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';

/** What node-postgres keeps of a client and its types leave out: whether no statement runs on it. */
type Watched = PoolClient & { readonly readyForQuery: boolean };

/**
 * Ends connections in use that owe an answer and have sent nothing for `silenceMs` (to one and a half times as long). A
 * proxy that lost its server still acknowledges every packet, so that TCP and its keep-alive find nothing wrong; and
 * node-postgres, when a statement's time is over, puts the dead connection back into the pool for the next one.
 *
 * With `ask`, those that only listen are asked something: they send nothing that could stay without an answer, and BullMQ
 * 6.7 sleeps on such a one for up to an hour.
 */
export function endSilentConnections(
  pool: Pool,
  { silenceMs, ask }: { silenceMs: number; ask: boolean },
): void {
  const timers = new Map<PoolClient, NodeJS.Timeout>();
  const every = silenceMs / 2;
  pool.on('acquire', (client) => {
    timers.set(client, setInterval(lookAt(client as Watched, ask), every).unref());
  });
  pool.on('release', (_error, client) => {
    clearInterval(timers.get(client));
    timers.delete(client);
  });
}

/** A look at a connection; the second in a row that finds a statement and no new byte ends it. */
function lookAt(client: Watched, ask: boolean): () => void {
  const stream = client.connection.stream as Socket;
  let read = stream.bytesRead;
  let silentLooks = 0;
  return () => {
    silentLooks = !client.readyForQuery && stream.bytesRead === read ? silentLooks + 1 : 0;
    read = stream.bytesRead;
    if (silentLooks === 2) stream.destroy(new Error('A connection to PostgreSQL fell silent'));
    // When it fails, the client's own `error` event tells.
    if (ask && client.readyForQuery) client.query('SELECT 1').catch(() => undefined);
  };
}
