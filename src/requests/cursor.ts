import { validate as isUuid } from 'uuid';
import { parseInteger, QueryValue } from './query-values.js';

const MAX_POSITION = 2 ** 31 - 1;

/** What callers get as `next_cursor`: the last row's key, in a form that nobody is tempted to build on. */
export function encodeCursor(key: string | number): string {
  return Buffer.from(String(key)).toString('base64url');
}

/** What was read with one row more than `limit`, cut to the page; the cursor leads to the next one, and is null on the last. */
export function cutPage<Row>(
  found: Row[],
  limit: number,
  keyOf: (row: Row) => string | number,
): { page: Row[]; nextCursor: string | null } {
  const page = found.slice(0, limit);
  return { page, nextCursor: found.length > page.length ? encodeCursor(keyOf(page.at(-1)!)) : null };
}

/** The property holds what `parse` makes of the key that the cursor stands for; undefined says that it is none. */
export const Cursor = (parse: (key: string) => unknown): PropertyDecorator =>
  QueryValue('the next_cursor of an earlier page', (text) =>
    parse(Buffer.from(text, 'base64url').toString()),
  );

/** The property holds the id that the cursor stands for. */
export const IdCursor = (): PropertyDecorator => Cursor((key) => (isUuid(key) ? key : undefined));

/** The property holds the position that the cursor stands for. */
export const PositionCursor = (): PropertyDecorator => Cursor((key) => parseInteger(key, 0, MAX_POSITION));
