import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { HostPlaces, type HostPlace } from './host-places.js';

export type { HostPlace };

/** A host that was overloaded keeps its lower limit for so long after the last download, over the pauses between passes. */
const REMEMBER_MS = 5 * 60_000;

/** How many downloads run at once from each host, over the whole process. Hosts that nobody downloads from cost no memory. */
@Injectable()
export class HostLimits {
  private readonly hosts = new Map<string, HostPlaces>();
  private readonly forgetting = new Map<string, NodeJS.Timeout>();

  constructor(private readonly env: Env) {}

  /** How many hosts are known at the moment. */
  get size(): number {
    return this.hosts.size;
  }

  /** A place at the host; undefined when none came free within `waitMs`. Rejects with the signal's reason when it aborts. */
  async enter(
    host: string,
    options: { signal: AbortSignal; waitMs: number },
  ): Promise<HostPlace | undefined> {
    options.signal.throwIfAborted();
    this.keep(host);
    return this.placesOf(host).enter(options.signal, options.waitMs);
  }

  private placesOf(host: string): HostPlaces {
    const places = this.hosts.get(host) ?? new HostPlaces(this.env.fetchPerHost, () => this.retire(host));
    this.hosts.set(host, places);
    return places;
  }

  private keep(host: string): void {
    clearTimeout(this.forgetting.get(host));
    this.forgetting.delete(host);
  }

  private retire(host: string): void {
    if (!this.hosts.get(host)?.isStrained) {
      this.hosts.delete(host);
      return;
    }
    const timer = setTimeout(() => {
      this.hosts.delete(host);
      this.forgetting.delete(host);
    }, REMEMBER_MS);
    this.forgetting.set(host, timer.unref());
  }
}
