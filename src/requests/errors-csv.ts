import { columnKey } from './column-key.js';
import { columnLayout, layOut } from './column-layout.js';
import type { CsvColumns } from './csv-columns.js';
import { MAX_FIELD_LENGTH } from './csv-limits.js';
import { BYTE_ORDER_MARK, csvLine } from './csv-line.js';
import type { ImageErrorCode } from './image-error-codes.js';

export interface FailedImage {
  url: string;
  code: ImageErrorCode;
  /** Null when nothing is known but the code; it is empty then. */
  detail: string | null;
}

/** The errors CSV in pieces: RFC 4180, every piece a whole record with its CRLF. */
export interface ErrorsCsv {
  header: string;
  /** The record of one product: the row's cells as they came in, and its failed images in order, at least one. */
  record(cells: string[], images: FailedImage[]): string;
}

const CODE = 'Error Code';
const DETAIL = 'Error Detail';
const OWN_COLUMNS = [CODE, DETAIL] as const;

/**
 * How the input with these columns becomes the errors CSV. It has the input's columns, with the failed URLs in place of
 * all, and can be uploaded as it is: whatever was read from the input is read from it again.
 */
export function errorsCsv(columns: CsvColumns, options: { bom: boolean; safeCells: boolean }): ErrorsCsv {
  const layout = columnLayout(columns.names, OWN_COLUMNS);
  const names = layOut(layout, columns.names, { [CODE]: CODE, [DETAIL]: DETAIL });
  const quotes = names.some((name) => MISTAKABLE.test(name));
  return {
    header: (options.bom ? BYTE_ORDER_MARK : '') + csvLine(names, { ...options, quotes }),
    record: (cells, images) => {
      const lists = urlLists(images.map(({ url }) => url));
      const own = {
        [CODE]: images.map(({ code }) => code).join(','),
        [DETAIL]: images.map(({ detail }) => detail).join(' | '),
      };
      const listed = [...cells];
      columns.urls.forEach((column, nth) => (listed[column] = lists[nth] ?? ''));
      return csvLine([...layOut(layout, listed, own), ...lists.slice(columns.urls.length)], options);
    },
  };
}

/** Whether the errors CSV writes this column anew. */
export function isErrorColumn(name: string): boolean {
  return OWN_COLUMNS.some((own) => columnKey(own) === columnKey(name));
}

/**
 * In a header with such a name another delimiter could be found, or the beginning of a GIF or PDF: an upload would be
 * misread. Not where every name is in quotes.
 */
const MISTAKABLE = /[^\p{L}\p{N} ._-]|^GIF8/u;

const SCHEME = /^https?:\/\//i;

/**
 * The URLs in one cell, or in as many as they need. Then there are cells for them: the image columns, and beyond the
 * header, where a row that had more URLs than its columns can hold had them too.
 */
function urlLists(urls: string[]): string[] {
  const lists: string[] = [];
  for (const url of urls) {
    const last = lists.at(-1);
    // A comma parts only URLs with `://`; `http:/shop.example` is a URL too, and came with `|`, a line end or a cell.
    const joined = last === undefined ? url : last + (SCHEME.test(url) ? ',' : '|') + url;
    if (last === undefined || joined.length > MAX_FIELD_LENGTH) lists.push(url);
    else lists[lists.length - 1] = joined;
  }
  return lists;
}
