/** Any scheme, so that `ftp://…` within a list is told as a URL of its own instead of vanishing into its neighbour. */
const SCHEME = '[a-z][a-z0-9+.-]{0,30}://';

// One character at a time: with `[,;\s]+` a cell of 65,536 commas would take quadratic time.
const SEPARATOR = new RegExp(`[\\r\\n|]|[,;\\s](?=${SCHEME})`, 'i');
const STARTS_WITH_SCHEME = new RegExp(`^${SCHEME}`, 'i');
const AROUND_A_URL = /[\s,;]/;

/**
 * The URLs in a cell, as written. A line end or `|` always parts them; a comma, a semicolon or white space
 * only before the next `scheme://`, because URLs hold commas too (`…/w_300,h_200/a.jpg`).
 */
export function splitUrls(cell: string): string[] {
  const urls = SEPARATOR.test(cell) ? cell.split(SEPARATOR) : [cell];
  return urls.map(trimSeparators).filter((url) => url !== '');
}

/** Whether the cell holds URLs and nothing else. */
export function isUrlList(cell: string): boolean {
  const urls = splitUrls(cell);
  return urls.length > 0 && urls.every((url) => STARTS_WITH_SCHEME.test(url));
}

/** `https://a/x.jpg, ` ends with a separator that parts it from nothing. */
function trimSeparators(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && AROUND_A_URL.test(text[start]!)) start++;
  while (end > start && AROUND_A_URL.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
