import { createDataSource } from '../database/data-source.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeys } from './api-keys.js';

/** Does something with the keys of a database while no application runs: one connection, closed afterwards. */
export async function withKeys<T>(url: string, work: (keys: ApiKeys) => Promise<T>): Promise<T> {
  const source = createDataSource(url, {
    poolSize: 1,
    applicationName: 'halftone-keys',
    entities: [ApiKey],
  });
  await source.initialize();
  try {
    return await work(new ApiKeys(source));
  } finally {
    await source.destroy();
  }
}
