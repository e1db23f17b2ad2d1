/** Characters of CSV that a page should have. */
const PAGE_LENGTH = 512 * 1024;
const MOST_ROWS = 1000;

/** Rows to read for the first page, while it is not known how long they are. */
export const FIRST_PAGE_ROWS = 100;

/** Rows to read for the next page, after one in which so many became so many characters. */
export function nextPageRows(rows: number, characters: number): number {
  return Math.ceil(Math.min(MOST_ROWS, (PAGE_LENGTH / characters) * rows));
}
