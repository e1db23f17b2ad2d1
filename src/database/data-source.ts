import { DataSource, type EntitySchema, type MixedList } from 'typeorm';
import { CreateRequests1763690400000 } from '../../migrations/1763690400000-create-requests.js';
import { CreateWebhooks1763690400001 } from '../../migrations/1763690400001-create-webhooks.js';
import { CreateInstallation1763690400002 } from '../../migrations/1763690400002-create-installation.js';
import { ManageWebhooks1763690400003 } from '../../migrations/1763690400003-manage-webhooks.js';
import { MeasureSpeed1763690400004 } from '../../migrations/1763690400004-measure-speed.js';
import { OutliveFaults1763690400005 } from '../../migrations/1763690400005-outlive-faults.js';
import { AskForKeys1763690400006 } from '../../migrations/1763690400006-ask-for-keys.js';
import { SESSION_LIMITS } from './session-limits.js';

const migrations = [
  CreateRequests1763690400000,
  CreateWebhooks1763690400001,
  CreateInstallation1763690400002,
  ManageWebhooks1763690400003,
  MeasureSpeed1763690400004,
  OutliveFaults1763690400005,
  AskForKeys1763690400006,
];

type Entities = MixedList<string | (new () => object) | EntitySchema>;

/** A TypeORM connection pool to `url`; not yet connected. */
export function createDataSource(
  url: string,
  options: { poolSize: number; applicationName: string; entities?: Entities; limits?: object },
): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    extra: options.limits ?? SESSION_LIMITS,
    entities: options.entities ?? [],
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    parseInt8: true,
    installExtensions: false,
    synchronize: false,
  });
}
