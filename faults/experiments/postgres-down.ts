import type { Experiment } from '../experiment.js';

export const postgresDown: Experiment = {
  name: 'postgres-down',
  about: 'PostgreSQL is killed in the middle of the work and comes back after 5 s',
  short: true,
  async run(house) {
    await house.start();
    await house.upload('before', 240);
    await house.progress(0.3);
    await house.withoutPostgres(5000);
    await house.upload('after', 20);
  },
};

export const postgresDownLong: Experiment = {
  name: 'postgres-down-long',
  about: 'PostgreSQL is killed in the middle of the work and comes back after 30 s',
  async run(house) {
    await house.start();
    await house.upload('before', 240);
    await house.progress(0.3);
    await house.withoutPostgres(30_000);
    await house.upload('after', 20);
  },
};

export const startWithoutPostgres: Experiment = {
  name: 'start-without-postgres',
  about: 'all processes are started while PostgreSQL is down; it comes after 6 s',
  async run(house) {
    const starting = house.withoutPostgres(6000);
    await house.start();
    await starting;
    await house.upload('catalogue', 60);
  },
};
