import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../src/net/free-port.js';
import { waitFor } from './wait-for.js';

const PROGRAM = 'redis-server';
const START_LIMIT_MS = 10_000;

export function isRedisInstalled(): boolean {
  return spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** A Redis server of our own, as it should be set up for queues, but without a disk. */
export class RedisServer {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'halftone-faults-redis-'));
    const port = await freePort();
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory];
    const child = spawn(PROGRAM, [...settings, '--maxmemory-policy', 'noeviction'], {
      stdio: 'ignore',
      detached: true, // Ctrl-C in a terminal must reach only us, who stop it when we no longer need it
    });
    const redis = new RedisServer(port, child, directory);
    const answers = async (): Promise<boolean> => (await redis.call((client) => client.ping())) === 'PONG';
    await waitFor('Redis to start', answers, START_LIMIT_MS);
    return redis;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Loses all that is in it. */
  async flush(): Promise<void> {
    await this.call((client) => client.flushall());
  }

  async remove(): Promise<void> {
    const exited = once(this.child, 'exit');
    if (this.child.kill('SIGKILL')) await exited;
    await rm(this.directory, { recursive: true, force: true });
  }

  private async call<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis({ port: this.port, retryStrategy: () => null, lazyConnect: true });
    client.on('error', () => undefined);
    return await command(client).finally(() => client.disconnect());
  }
}
