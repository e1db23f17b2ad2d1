import type { House } from './house.js';
import type { Origin } from './origin.js';
import { untilEnded, upload } from './requests.js';

/** Of a request; two of them are open at any time, so that the worker always has downloads ahead. */
const IMAGES = 24;

export interface EndlessLoad {
  /** Rejects when a request fails. */
  failed: Promise<never>;
  /** Lets the requests in hand end, and gives the images a second. */
  stop: () => Promise<number>;
}

/** Requests whose images come from each of the origin's folders in turn, one after another until it is stopped. */
export function endlessLoad(house: House, origin: Origin, folders: number): EndlessLoad {
  const startedAt = performance.now();
  let images = 0;
  const stopping = new AbortController();
  const requestAfterRequest = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const urls = Array.from({ length: IMAGES }, (_, index) =>
        origin.url(Math.floor(index / folders), { folder: index % folders }),
      );
      images += (await untilEnded(house, await upload(house, urls))).completed;
    }
  };
  const all = Promise.all([requestAfterRequest(), requestAfterRequest()]);
  const failed = all.then(() => new Promise<never>(() => {}));
  failed.catch(() => {}); // also when nobody looks any more
  return {
    failed,
    stop: async () => {
      stopping.abort();
      await all;
      return images / ((performance.now() - startedAt) / 1000);
    },
  };
}
