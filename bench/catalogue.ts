import type { Benchmark } from './benchmark.js';
import { deliveries } from './deliveries.bench.js';
import { fairness } from './fairness.bench.js';
import { idle } from './idle.bench.js';
import { latency } from './latency.bench.js';
import { memory } from './memory.bench.js';
import { peers } from './peers.bench.js';
import { pipeline } from './pipeline.bench.js';
import { read } from './read.bench.js';
import { scale } from './scale.bench.js';
import { slowHost } from './slow-host.bench.js';
import { throughput } from './throughput.bench.js';
import { upload } from './upload.bench.js';

/** In the order in which all of them run. */
export const BENCHMARKS: Benchmark[] = [
  pipeline,
  throughput,
  latency,
  slowHost,
  fairness,
  peers,
  upload,
  read,
  scale,
  memory,
  idle,
  deliveries,
];
