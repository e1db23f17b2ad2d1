import type { Experiment } from '../experiment.js';
import { badNetwork, lostCommits, terminateBackends } from './broken-connections.js';
import { cancelRetryDelete } from './cancel-retry-delete.js';
import { chaoticOrigin } from './chaotic-origin.js';
import { chaoticReceiver } from './chaotic-receiver.js';
import { clockSkew } from './clock-skew.js';
import { comeAndGo } from './come-and-go.js';
import { diskFull } from './disk-full.js';
import { duplicateUpload } from './duplicate-upload.js';
import { halfOpen } from './half-open.js';
import { killApi } from './kill-api.js';
import { killWorker } from './kill-worker.js';
import { poisonImage } from './poison-image.js';
import { postgresDown, postgresDownLong, startWithoutPostgres } from './postgres-down.js';
import { privateAddresses } from './private-addresses.js';
import { duplicateJobs, emptyQueue } from './queue-faults.js';
import { rollingRestart } from './rolling-restart.js';
import { zombie } from './zombie.js';

/** All experiments, in the order they run. */
export const EXPERIMENTS: Experiment[] = [
  killWorker,
  killApi,
  zombie,
  postgresDown,
  postgresDownLong,
  startWithoutPostgres,
  halfOpen,
  terminateBackends,
  badNetwork,
  lostCommits,
  emptyQueue,
  duplicateJobs,
  poisonImage,
  chaoticOrigin,
  privateAddresses,
  diskFull,
  chaoticReceiver,
  clockSkew,
  rollingRestart,
  comeAndGo,
  cancelRetryDelete,
  duplicateUpload,
];
