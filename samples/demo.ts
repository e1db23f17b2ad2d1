import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CATALOGUE_CSV, CATALOGUE_PORT, CATALOGUE_URL } from './catalogue.js';
import { DemoClient } from './demo-client.js';
import { openProgressLine } from './demo-progress.js';
import { nextSteps, reportResults } from './demo-report.js';
import { ServiceProcess } from './demo-service.js';
import { demoSettings, type DemoSettings } from './demo-settings.js';
import { progressText } from './demo-text.js';
import { startImageServer, type ImageServer } from './image-server.js';

const STATUS_POLL_MS = 200;
/** The catalogue takes seconds; whatever lasts this long hangs. */
const PROCESSING_TIMEOUT_MS = 5 * 60_000;
const EXIT_INTERRUPTED = 130;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());
// `npm run demo | head`: nobody reads on, which must stop the service too.
process.stdout.on('error', () => interrupted.abort());
process.exitCode = await runDemo(interrupted.signal);

/** Starts everything, sends the catalogue through it and stops everything, whatever happens. Returns the exit code. */
async function runDemo(signal: AbortSignal): Promise<number> {
  let imageServer: ImageServer | undefined;
  let service: ServiceProcess | undefined;
  let failure: Error | undefined;
  try {
    const settings = await demoSettings();
    imageServer = await serveCatalogue();
    service = new ServiceProcess(settings);
    const requestId = await processCatalogue(service, imageServer, settings, signal);
    console.log(nextSteps(requestId, settings));
  } catch (error) {
    failure = error as Error;
  }
  await service?.stop();
  await imageServer?.close();

  if (!failure) return 0;
  if (signal.aborted) {
    console.error('\nInterrupted; everything is stopped.');
    return EXIT_INTERRUPTED;
  }
  console.error(`\n${failure.message}`);
  if (service?.logTail) console.error(`\nThe service wrote last:\n${service.logTail}`);
  return 1;
}

/** Returns the id of the finished request. */
async function processCatalogue(
  service: ServiceProcess,
  imageServer: ImageServer,
  settings: DemoSettings,
  signal: AbortSignal,
): Promise<string> {
  const client = new DemoClient(settings.url, settings.apiKey, signal);
  const line = openProgressLine();
  try {
    line.show(`Starting the service (PostgreSQL: ${settings.database})`, 0);
    await service.ready(signal);
    await client.checkKey();
    const csv = (await readFile(CATALOGUE_CSV, 'utf8')).replaceAll(CATALOGUE_URL, imageServer.url);
    const upload = await client.upload(csv, basename(CATALOGUE_CSV));
    await followProgress(client, upload.request_id, signal, (text, percent) => line.show(text, percent));
    line.end(`${upload.product_count} products, ${upload.image_count} images of ${CATALOGUE_CSV} processed`);
    for (const warning of upload.warnings) console.log(`  line ${warning.line ?? 1}: ${warning.message}`);
    await reportResults(client, upload.request_id, settings);
    return upload.request_id;
  } finally {
    line.clear();
  }
}

async function followProgress(
  client: DemoClient,
  requestId: string,
  signal: AbortSignal,
  show: (text: string, percent: number) => void,
): Promise<void> {
  const deadline = Date.now() + PROCESSING_TIMEOUT_MS;
  for (;;) {
    const status = await client.status(requestId);
    show(progressText(status), status.progress);
    if (!['pending', 'processing'].includes(status.status)) return;
    if (Date.now() > deadline) throw new Error(`${status.counts.pending} images are still pending; gave up.`);
    await delay(STATUS_POLL_MS, undefined, { signal });
  }
}

/** At the address the CSV names, or at another one when something listens there already. */
async function serveCatalogue(): Promise<ImageServer> {
  try {
    return await startImageServer(CATALOGUE_PORT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startImageServer(0);
  }
}
