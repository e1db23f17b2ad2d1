import { isMistypedApiKey } from '../src/config/api-key.js';

/** What a header can carry. */
const SENDABLE = /^[\x21-\x7e]+$/;

/** The key of API_KEY, for an API that has keys. Throws an Error, which does not show it, when it cannot be one. */
export function readSampleKey(environment: NodeJS.ProcessEnv): string | undefined {
  const key = environment.API_KEY?.trim();
  if (!key) return undefined;
  if (isMistypedApiKey(key)) throw new Error('API_KEY is mistyped or cut: its checksum is wrong.');
  if (!SENDABLE.test(key)) throw new Error('API_KEY must be one key, without its name and without spaces.');
  return key;
}

/** The headers that a call is made with. */
export const keyHeaders = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

/** What to do after a 401 or 403, when `command` is to be run with a key, or with another one. */
export function keyAdvice(status: number, key: string | undefined, command: string): string {
  if (status === 403)
    return 'Give API_KEY a key with that scope. npm run keys -- create NAME makes one with all scopes.';
  if (key !== undefined)
    return 'The key was that of API_KEY, or else the first of API_KEYS. npm run keys -- list shows which there are.';
  return `Put a key into the variable API_KEY, or into .env as API_KEY=…, and call ${command} again.
To make one, on the machine of the API: npm run keys -- create NAME`;
}
