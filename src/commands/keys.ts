import type { ApiKeys } from '../auth/api-keys.js';
import { withKeys } from '../auth/with-keys.js';
import { generateApiKey } from '../config/api-key.js';
import { parseEnv, readDotEnv } from '../config/env.js';
import { databasePlace, openDatabase } from '../database/open-database.js';
import { createKey, revokeKey } from './keys/changes.js';
import { parseKeysCommand, USAGE, type KeysCommand } from './keys/options.js';
import { tableOfKeys } from './keys/table.js';

type DatabaseCommand = Exclude<KeysCommand, { name: 'help' | 'generate' }>;

/** `npm run keys -- create|list|revoke|generate`. Prints a new key alone on its output, and what there is to say beside. */
async function run(args: string[]): Promise<void> {
  const command = parseKeysCommand(args, process.env);
  if (command.name === 'help') return console.log(USAGE);
  if (command.name === 'generate') return console.log(generateApiKey());
  readDotEnv();
  const env = parseEnv(process.env);
  const database = await openDatabase(env, { make: command.name === 'create' });
  try {
    console.error(`Keys in ${databasePlace(env)}:`);
    await withKeys(database.url, (keys) => perform(command, keys));
  } finally {
    await database.stop();
  }
}

async function perform(command: DatabaseCommand, keys: ApiKeys): Promise<void> {
  if (command.name === 'list') return console.log(tableOfKeys(await keys.list(), new Date()));
  if (command.name === 'revoke') return console.error(await revokeKey(keys, command.key));
  const { key, message } = await createKey(keys, command.options);
  console.error(message);
  console.log(key);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
