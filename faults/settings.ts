/** Of every process: as operators would set them, with all times made short, so that what takes hours takes seconds. */
export const SETTINGS: Record<string, string> = {
  LOG_LEVEL: 'info',
  // Every server that an experiment needs is on loopback.
  ALLOW_PRIVATE_ADDRESSES: 'true',
  LEASE: '2s',
  FETCH_TIMEOUT: '2s',
  FETCH_CONCURRENCY: '8',
  FETCH_PER_HOST: '8',
  IMAGE_ATTEMPTS: '3',
  MAX_IMAGE_BYTES: '1MiB',
  WORKER_CONCURRENCY: '2',
  WEBHOOK_TIMEOUT: '2s',
  WEBHOOK_RETRY_SCHEDULE: '0,500ms,1s,1s,2s,2s,3s,3s,3s,3s',
  SHUTDOWN_TIMEOUT: '5s',
  // What is loaded before the service would fix the size of libuv's pool too early.
  UV_THREADPOOL_SIZE: '8',
};

/** What the two pools of a process hold at most: `DATABASE_POOL_SIZE` by its mode, and the queue's seven. */
export const MOST_CONNECTIONS = { api: 10 + 7, worker: 6 + 7 };
