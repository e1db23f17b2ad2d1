import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { readSampleKey } from './sample-key.js';
import { parseUrl } from '../src/config/parse-url.js';

export const USAGE = `Receives webhooks on this machine, verifies them and prints what came. Ctrl-C ends it.

  npm run webhook:listen -- [options]

  --api URL      the API to register at, on this machine (http://127.0.0.1:3000)
  --port N       where to listen on 127.0.0.1 (4010, or a free port when that is taken; 0: a free one)
  --secret S     register nothing, verify with this secret (whsec_…) of an endpoint registered by hand
  --answer N     answer verified webhooks with this status (204); with 500 they are sent again
  --json         print whole bodies
  --help         print this

An API with keys wants one: in the variable API_KEY, or in .env. It is no option, because other users of this machine
can see those.`;

export interface ListenSettings {
  /** Of the API, without a slash at its end. */
  apiUrl: string;
  /** What the API knows the caller by; undefined: it has no keys. */
  apiKey: string | undefined;
  /** Undefined: the usual one, or a free one when that is taken. */
  port: number | undefined;
  /** Given: nothing is registered. */
  secret: string | undefined;
  /** The status that answers a webhook whose signature is valid. */
  answer: number;
  /** Print whole bodies. */
  json: boolean;
  /** Print the usage and end. */
  help: boolean;
}

/** The command was called wrongly; the message says how. */
export class UsageError extends Error {}

/** Throws a UsageError for an unknown option or a wrong value. */
export function readListenSettings(args: string[], environment: NodeJS.ProcessEnv): ListenSettings {
  const { api, port, secret, answer, json, help } = parseOptions(args);
  return {
    apiUrl: readApiUrl(api),
    apiKey: readApiKey(environment),
    port: port === undefined ? undefined : readNumber('--port', port, 0, 65_535),
    secret: secret === undefined ? undefined : readSecret(secret),
    answer: readNumber('--answer', answer, 200, 599),
    json,
    help,
  };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        api: { type: 'string', default: 'http://127.0.0.1:3000' },
        port: { type: 'string' },
        secret: { type: 'string' },
        answer: { type: 'string', default: '204' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    // What follows the first sentence is advice on other programs' options.
    const fault = (error as Error).message.split(/\.(?:\s|$)/, 1)[0];
    throw new UsageError(`${fault}. npm wants options after "--": npm run webhook:listen -- --port 4011`);
  }
}

function readApiUrl(value: string): string {
  const url = parseUrl(value);
  const usable = url && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password;
  if (!usable) throw new UsageError(`--api must be a URL such as http://127.0.0.1:3000, not "${value}".`);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function readApiKey(environment: NodeJS.ProcessEnv): string | undefined {
  try {
    return readSampleKey(environment);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function readNumber(option: string, value: string, min: number, max: number): number {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`${option} must be a number from ${min} to ${max}, not "${value}".`);
}

function readSecret(value: string): string {
  if (value.startsWith('whsec_') && isKey(value)) return value;
  throw new UsageError('--secret must be "whsec_" and base64, as the API shows it at registration.');
}

function isKey(secret: string): boolean {
  try {
    return Boolean(new Webhook(secret));
  } catch {
    return false;
  }
}
