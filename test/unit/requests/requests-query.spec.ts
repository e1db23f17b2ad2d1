import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { encodeCursor } from '../../../src/requests/cursor.js';
import { DownloadQuery } from '../../../src/requests/download-query.dto.js';
import { ImagesQuery, RequestsQuery, StatusQuery } from '../../../src/requests/requests-query.dto.js';

type Query = Record<string, string | string[]>;

/** What a query becomes, or what is said about it. */
function read(type: new () => object, query: Query): unknown {
  const value = plainToInstance(type, query);
  const errors = validateSync(value, { whitelist: true, forbidNonWhitelisted: true });
  return errors.length > 0 ? errors.flatMap((error) => Object.values(error.constraints!)) : value;
}

const ID = '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90';

describe('query parameters', () => {
  it('have their defaults', () => {
    expect(read(StatusQuery, {})).toEqual({ products: true });
    expect(read(RequestsQuery, {})).toMatchObject({ limit: 50 });
    expect(read(ImagesQuery, {})).toMatchObject({ limit: 100 });
    expect(read(DownloadQuery, {})).toEqual({
      format: 'csv',
      columns: 'basic',
      partial: false,
      bom: false,
      safe_cells: false,
    });
  });

  it('become what they mean', () => {
    expect(read(StatusQuery, { products: 'false' })).toEqual({ products: false });
    expect(read(RequestsQuery, { status: 'failed', label: 'spring ', limit: '200' })).toMatchObject({
      status: 'failed',
      label: 'spring ',
      limit: 200,
    });
    expect(read(ImagesQuery, { status: 'cancelled', error_code: 'timeout', limit: '1' })).toMatchObject({
      status: 'cancelled',
      error_code: 'timeout',
      limit: 1,
    });
  });

  it.each<[string, new () => object, Query, string]>([
    ['a boolean that is 1', StatusQuery, { products: '1' }, '"products" must be true or false'],
    ['a boolean in capitals', StatusQuery, { products: 'TRUE' }, '"products" must be true or false'],
    ['an empty boolean', DownloadQuery, { partial: '' }, '"partial" must be true or false'],
    ['a parameter given twice', DownloadQuery, { bom: ['true', 'true'] }, '"bom" must be true or false'],
    ['a limit of 0', RequestsQuery, { limit: '0' }, '"limit" must be a whole number from 1 to 200'],
    ['a limit too high', ImagesQuery, { limit: '1001' }, '"limit" must be a whole number from 1 to 1000'],
    ['a broken limit', RequestsQuery, { limit: '1.5' }, '"limit" must be a whole number from 1 to 200'],
    ['a limit with a unit', RequestsQuery, { limit: '10k' }, '"limit" must be a whole number from 1 to 200'],
    ['a wrong format', DownloadQuery, { format: 'json' }, '"format" must be one of csv'],
    ['wrong columns', DownloadQuery, { columns: 'all' }, '"columns" must be one of basic, extended'],
    [
      'a status of no image',
      ImagesQuery,
      { status: 'processing' },
      '"status" must be one of pending, completed, failed, cancelled',
    ],
    [
      'a long label',
      RequestsQuery,
      { label: 'x'.repeat(201) },
      '"label" must be a text of at most 200 characters',
    ],
    ['a NUL', RequestsQuery, { label: 'a\0' }, '"label" must be a text of at most 200 characters'],
    ['an unknown parameter', RequestsQuery, { page: '2' }, 'property page should not exist'],
  ])('are refused: %s', (_what, type, query, message) => {
    expect(read(type, query)).toEqual([message]);
  });

  it.each([
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T09:30Z', '2026-11-20T09:30:00.000Z'],
    ['2026-11-20T09:30:00.5Z', '2026-11-20T09:30:00.500Z'],
    ['2026-11-20T09:30:00+05:30', '2026-11-20T04:00:00.000Z'],
  ])('read the time %s', (text, time) => {
    expect(read(RequestsQuery, { created_after: text })).toMatchObject({ created_after: new Date(time) });
  });

  it.each(['2026-11-20T09:30:00', '2026-11-20T09:30:00 01:00', '2026-02-30', '2026', '1763631000', 'today'])(
    'refuse the time %s',
    (text) => {
      expect(read(RequestsQuery, { created_before: text })).toEqual([
        expect.stringMatching(/^"created_before" must be a day \(2026-11-20\) or a time with its offset/),
      ]);
    },
  );
});

describe('a cursor', () => {
  it('becomes the key that it was made of', () => {
    expect(read(RequestsQuery, { cursor: encodeCursor(ID) })).toMatchObject({ cursor: ID });
    expect(read(ImagesQuery, { cursor: encodeCursor(0) })).toMatchObject({ cursor: 0 });
    expect(read(ImagesQuery, { cursor: encodeCursor(999_999) })).toMatchObject({ cursor: 999_999 });
  });

  it('needs no escaping in a URL', () => {
    expect(encodeURIComponent(encodeCursor(ID))).toBe(encodeCursor(ID));
  });

  it.each<[string, new () => object, string]>([
    ['of another list', RequestsQuery, encodeCursor(5)],
    ['of another list', ImagesQuery, encodeCursor(ID)],
    ['that is a bare id', RequestsQuery, ID],
    ['beyond every position', ImagesQuery, encodeCursor(2 ** 31)],
    ['of no whole number', ImagesQuery, encodeCursor(-1)],
    ['that is empty', ImagesQuery, ''],
  ])('is refused %s', (_what, type, cursor) => {
    expect(read(type, { cursor })).toEqual(['"cursor" must be the next_cursor of an earlier page']);
  });
});
