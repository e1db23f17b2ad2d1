import { parseUrl } from '../config/parse-url.js';

const MAX_LENGTH = 60;

/**
 * What a person recognises of a URL's file name: `a-z 0-9 - _`, at most 60 characters, without its extension, and
 * beginning with a letter or digit. `image` when nothing of that kind is in it.
 */
export function readableName(url: string): string {
  const name = decoded(parseUrl(url)?.pathname ?? '')
    .split(/[/\\]/)
    .findLast((segment) => segment !== '')
    ?.replace(/\.[a-z][a-z0-9]{1,4}$/i, '')
    .normalize('NFKD')
    // The accents that NFKD has split off: é becomes e, not e-.
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[-_]+$/, '');
  return name || 'image';
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not UTF-8, most often Latin-1: the rest of the name is still readable.
    return path.replaceAll(/%[0-9a-f]{0,2}/gi, ' ');
  }
}
