import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Settings that load one of our modules into the process before the service. */
export function preloading(name: 'poison' | 'clock'): Record<string, string> {
  const module = join(import.meta.dirname, `../preload/${name}.js`);
  return { NODE_OPTIONS: `--import=${pathToFileURL(module).href}` };
}
