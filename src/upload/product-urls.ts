import { findUrlFault, type UrlPolicy } from '../net/url-rules.js';
import type { CsvColumns } from '../requests/csv-columns.js';
import { csvFault, type CsvErrorCode, type CsvFault } from './csv-fault.js';
import type { CsvProduct } from './product-row.js';
import { splitUrls } from './url-list.js';

const MAX_URLS_PER_ROW = 250;

/** Everything that is wrong with the URLs of a product. */
export function findProductUrlFaults(
  product: CsvProduct,
  columns: CsvColumns,
  policy: UrlPolicy,
): CsvFault[] {
  const { line, cells, urls } = product;
  const fault = (code: CsvErrorCode, column: number, message: string, value: string | null) =>
    csvFault({ code, line, column: columns.names[column]!, message, value });
  const first = columns.urls[0]!;

  if (urls.length === 0) return [fault('url_missing', first, 'The row has no image URL.', null)];
  if (urls.length > MAX_URLS_PER_ROW) {
    const message = `The row has ${urls.length} image URLs; at most ${MAX_URLS_PER_ROW} are taken. Use several rows.`;
    return [fault('too_many_urls', first, message, null)];
  }
  const found = urls.map((url) => findUrlFault(url, policy));
  if (!found.some((one) => one !== undefined)) return [];
  // For all at once: searching the cells for each of 250 URLs took six seconds for a row of two million characters.
  const columnOf = columns.urls.flatMap((column) => splitUrls(cells[column] ?? '').map(() => column));
  return found.flatMap((one, nth) => (one ? [fault(one.code, columnOf[nth]!, one.message, urls[nth]!)] : []));
}
