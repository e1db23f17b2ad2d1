import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '../../access/scopes.js';
import { looksLikeApiKey } from '../../config/api-key.js';
import { isKeyName } from '../../config/named-api-keys.js';

export const USAGE = `npm run keys -- create NAME [--scopes requests:read,…] [--expires 90d] [--owner NAME]
              list
              revoke ID, NAME or the key itself
              generate          prints a key for API_KEYS, and keeps nothing

A key may do everything unless --scopes names some of ${SCOPES.join(', ')}. Each key has requests and webhooks of its own,
which no other sees; with --owner it shares those of another key, to take that one's place. "default" owns what was
made before there were keys. The database is the service's: set DATABASE_URL or DATA_DIR as the service has it.`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  scopes: { type: 'string' },
  expires: { type: 'string' },
  owner: { type: 'string' },
} as const;

export interface KeyOptions {
  name: string;
  scopes: Scope[];
  expiresAt: Date | undefined;
  owner: string | undefined;
}

export type KeysCommand =
  | { name: 'help' }
  | { name: 'list' }
  | { name: 'generate' }
  | { name: 'create'; options: KeyOptions }
  | { name: 'revoke'; key: string };

/** Throws an Error that says what is wrong, and how it should be. */
export function parseKeysCommand(
  args: string[],
  environment: NodeJS.ProcessEnv = {},
  now = new Date(),
): KeysCommand {
  refuseSwallowed(environment);
  const { values, positionals } = parseWords(args);
  const [name = 'help', subject, ...more] = positionals;
  if (values.help || name === 'help') return { name: 'help' };
  const isAlone = name === 'list' || name === 'generate';
  if (more.length > 0 || (isAlone && subject !== undefined)) throw new Error(`Too many words.\n\n${USAGE}`);
  if (name === 'list') return { name };
  if (name === 'generate') return { name };
  if (name !== 'create' && name !== 'revoke') throw new Error(`There is no command "${name}".\n\n${USAGE}`);
  if (subject === undefined) throw new Error(`Which key? Say: npm run keys -- ${name} NAME`);
  if (name === 'revoke') return { name, key: subject };
  return {
    name,
    options: {
      name: keyName(subject),
      scopes: values.scopes === undefined ? [...SCOPES] : parseScopes(values.scopes),
      expiresAt: values.expires === undefined ? undefined : parseExpiry(values.expires, now),
      owner: values.owner === undefined ? undefined : keyName(values.owner),
    },
  };
}

/** Without the `--` in front npm takes options for its own, and a key would get all scopes for ever. */
function refuseSwallowed(environment: NodeJS.ProcessEnv): void {
  const swallowed = Object.keys(OPTIONS).find((name) => environment[`npm_config_${name}`] !== undefined);
  if (swallowed && swallowed !== 'help') {
    throw new Error(
      `npm took --${swallowed} for itself. Put "--" before all words: npm run keys -- create …`,
    );
  }
}

function parseWords(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    // What follows the first sentence is advice on other programs' options.
    const [fault] = (error as Error).message.split(/\.(?:\s|$)/, 1);
    throw new Error(`${fault}.\n\n${USAGE}`, { cause: error });
  }
}

function keyName(text: string): string {
  if (isKeyName(text)) return text;
  if (looksLikeApiKey(text)) throw new Error('That is a key; a name of it is needed, for lists and logs.');
  throw new Error(`"${text}" is no name: up to 64 letters, digits, "-", "." and "_".`);
}

function parseScopes(text: string): Scope[] {
  const scopes = text.split(',').map((part) => {
    const scope = SCOPES.find((one) => one === part.trim());
    if (!scope) throw new Error(`There is no scope "${part}", only ${SCOPES.join(', ')}.`);
    return scope;
  });
  return [...new Set(scopes)];
}

/** `90d` from now, or a date. */
function parseExpiry(text: string, now: Date): Date {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const at = days ? new Date(now.getTime() + Number(days) * 24 * 3_600_000) : new Date(text);
  if (Number.isNaN(at.getTime()) || (!days && !beginsWithDay(text))) {
    throw new Error(`--expires ${text}: expected days such as 90d, or a date such as 2027-01-31.`);
  }
  if (at <= now) throw new Error(`--expires ${text}: that has passed already.`);
  return at;
}

/** JavaScript takes February 31st for March 3rd. */
function beginsWithDay(text: string): boolean {
  const day = text.slice(0, 10);
  return /^\d{4}-\d\d-\d\d$/.test(day) && new Date(day).toISOString().startsWith(day);
}
