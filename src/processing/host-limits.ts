import { Injectable } from '@nestjs/common';
import { Env } from '../config/env.js';
import { HostPlaces, type HostEntry, type HostPlace } from './host-places.js';

export type { HostPlace };

/** A host that was overloaded or slow is remembered as such for so long after the last download, over the pauses between passes. */
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

  /** A place at the host; a number when there is none in time: come back after so many ms. Rejects with the signal's reason when it aborts. */
  async enter(host: string, entry: HostEntry): Promise<HostPlace | number> {
    entry.signal.throwIfAborted();
    this.keep(host);
    const places = this.placesOf(host);
    return (await places.enter(entry)) ?? places.comeBackIn();
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
    if (!this.hosts.get(host)?.isTroubled) {
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
