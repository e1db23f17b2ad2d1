import type { Experiment } from '../experiment.js';

export const halfOpen: Experiment = {
  name: 'half-open',
  about: 'all connections to PostgreSQL (and Redis) go dead in silence; new ones are well',
  async run(house) {
    const { api, workers, redis } = house.parts.proxies;
    await house.start();
    await house.upload('before', 240);
    await house.progress(0.3);
    for (const proxy of [api, workers]) house.fault('black hole to PostgreSQL', proxy.blackHole());
    if (redis) house.fault('black hole to Redis', redis.blackHole());
    await house.upload('after', 20);
  },
};
