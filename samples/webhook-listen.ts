import { once } from 'node:events';
import { readDotEnv } from '../src/config/env.js';
import { ListenClient } from './webhook-listen-client.js';
import { Inbox } from './webhook-listen-inbox.js';
import { startReceiver, type Receiver, type ReceiverHandlers } from './webhook-listen-receiver.js';
import { readListenSettings, USAGE, UsageError, type ListenSettings } from './webhook-listen-settings.js';
import { heading, postBlock } from './webhook-listen-text.js';

const USUAL_PORT = 4010;
const UNAVAILABLE = 503;
const EXIT_USAGE = 2;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());
// `| head`, or a closed terminal: nobody reads on, which must delete the endpoint too.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupted.abort());
process.exitCode = await runListener(process.argv.slice(2), interrupted.signal);

/** Returns the exit code. */
async function runListener(args: string[], signal: AbortSignal): Promise<number> {
  try {
    readDotEnv();
    const settings = readListenSettings(args, process.env);
    if (settings.help) console.log(USAGE);
    else await listen(settings, signal);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return error instanceof UsageError ? EXIT_USAGE : 1;
  }
}

/** Until `signal` is aborted. */
async function listen(settings: ListenSettings, signal: AbortSignal): Promise<void> {
  let inbox: Inbox | undefined;
  const receiver = await openReceiver(settings.port, {
    onPost(post) {
      // Before the API's answer has brought the secret nothing can be verified; the sender will come again.
      if (!inbox) return UNAVAILABLE;
      const verdict = inbox.judge(post);
      console.log(postBlock(post, verdict, settings.json));
      return verdict.answered;
    },
    onRefused: (reason, status) => console.log(`${heading(new Date(), reason)}, answered ${status}`),
  });
  const open = (secret: string): void => {
    inbox = new Inbox(secret, settings.answer);
  };
  try {
    if (settings.secret === undefined) await listenRegistered(settings, receiver.url, open, signal);
    else {
      open(settings.secret);
      console.log(`Listening at ${receiver.url} for webhooks of this secret. Ctrl-C ends it.`);
      await aborted(signal);
    }
  } finally {
    await receiver.close();
  }
}

/** Has the API send all events to `url`, until `signal` is aborted; whatever happens, the endpoint is deleted. */
async function listenRegistered(
  { apiUrl, apiKey }: ListenSettings,
  url: string,
  open: (secret: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = new ListenClient(apiUrl, apiKey);
  // Not given up by Ctrl-C: an endpoint whose id never came could not be deleted.
  const { webhook_id: webhookId, secret } = await client.register(url);
  try {
    open(secret);
    console.log(`Listening at ${url}, registered at ${apiUrl} as ${webhookId} for all requests.`);
    console.log('A test event is on its way. Ctrl-C ends this and deletes the endpoint.');
    await client.sendTestEvent(webhookId, signal);
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await client.remove(webhookId);
    console.log(`\nEndpoint ${webhookId} is deleted.`);
  }
}

/** At the usual port, or at a free one when that is taken; at exactly `port` when it is given. */
async function openReceiver(port: number | undefined, handlers: ReceiverHandlers): Promise<Receiver> {
  try {
    return await startReceiver(port ?? USUAL_PORT, handlers);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (port === undefined) return startReceiver(0, handlers);
    throw new Error(`Port ${port} is taken. Without --port a free one is found.`, { cause: error });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
