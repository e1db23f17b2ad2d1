import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** An advisory lock says who owns the cluster. It dies with the process that holds it, and no reused process id fools it. */
const OWNER_LOCK = 0x4854_4f57;
/** A killed owner's session is gone within milliseconds; one that still lives must be told apart from it. */
const LOCK_TIMEOUT_MS = 2000;
const RECOVERY_LIMIT_MS = 60_000;
const RECOVERY_POLL_MS = 100;
const LOCK_NOT_AVAILABLE = '55P03';

/** The cluster belongs to another live process, which the message names. */
export class OwnedByAnotherError extends Error {}

/** This process's ownership of a cluster, from `take` to `release` or its end. */
export class ClusterOwner {
  private released = false;

  private constructor(
    private session: Client | undefined,
    private readonly url: string,
    /** Called once, when the server has gone away for good. */
    private readonly onLost: () => void,
  ) {
    this.watch();
  }

  /** Throws an OwnedByAnotherError when another live process is the owner. */
  static async take(url: string, onLost: () => void): Promise<ClusterOwner> {
    return new ClusterOwner(await takeLock(url), url, onLost);
  }

  get isOwner(): boolean {
    return this.session !== undefined;
  }

  /** To be called before the server is stopped: the loss of the session is no surprise any more. */
  expectEnd(): void {
    this.released = true;
  }

  async release(): Promise<void> {
    this.released = true;
    await this.session?.end();
  }

  private watch(): void {
    this.session?.once('end', () => {
      this.session = undefined;
      if (!this.released) void this.retake();
    });
  }

  /** When one of its processes crashes, PostgreSQL ends all sessions and goes on: then we own it still. */
  private async retake(): Promise<void> {
    const deadline = Date.now() + RECOVERY_LIMIT_MS;
    while (!this.released && Date.now() < deadline) {
      try {
        this.session = await takeLock(this.url);
        this.watch();
        if (this.released) await this.session.end();
        return;
      } catch (error) {
        // The server went with its port, or was started anew by someone else; it still listens while it recovers.
        if (codeOf(error) === 'ECONNREFUSED' || error instanceof OwnedByAnotherError) break;
        await delay(RECOVERY_POLL_MS);
      }
    }
    if (!this.released) this.onLost();
  }
}

async function takeLock(url: string): Promise<Client> {
  const session = new Client({
    connectionString: url,
    application_name: `process ${process.pid}`,
    connectionTimeoutMillis: 10_000,
  });
  // The query that fails and the event `end` say the same; unheard, this event would end the process.
  session.on('error', () => {});
  await session.connect();
  try {
    await session.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await session.query('SELECT pg_advisory_lock($1)', [OWNER_LOCK]);
    return session;
  } catch (error) {
    const refusal = codeOf(error) === LOCK_NOT_AVAILABLE ? await describeOwner(session) : undefined;
    await session.end();
    throw refusal ?? error;
  }
}

async function describeOwner(session: Client): Promise<OwnedByAnotherError> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity JOIN pg_locks USING (pid)
      WHERE locktype = 'advisory' AND classid = 0 AND objid = $1 AND granted`,
    [OWNER_LOCK],
  );
  return new OwnedByAnotherError(rows[0]?.name ?? 'another process');
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
