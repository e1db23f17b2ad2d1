import { setMaxListeners } from 'node:events';

/** Holds a lease while work goes on. */
export interface Lease {
  /** Aborted when the lease was lost, when `aborting` was, or at its end: the work is not ours any more, or must end. */
  lost: AbortSignal;
  /** Nothing works under it any more; what still does, because something beside it broke, is aborted. */
  end(): void;
}

/**
 * Renews every third of the lease. Only the database's clear "no" loses it: a renewal that fails may mean that the
 * database is away, and then nobody else can take the slice either.
 */
export function keepLease(renew: () => Promise<boolean>, leaseMs: number, aborting: AbortSignal): Lease {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // every image of the slice listens
  const abort = () => controller.abort(aborting.reason);
  // Not AbortSignal.any: `aborting` lives as long as the process, and Node 20 keeps every signal that followed it.
  aborting.addEventListener('abort', abort, { once: true });
  const timer = setInterval(() => {
    renew().then(
      (held) => held || controller.abort(new Error('the lease was lost')),
      () => undefined,
    );
  }, leaseMs / 3);
  return {
    lost: controller.signal,
    end: () => {
      clearInterval(timer);
      aborting.removeEventListener('abort', abort);
      controller.abort(new Error('the lease ended'));
    },
  };
}
