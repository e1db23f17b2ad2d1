import { columnLayout, layOut } from './column-layout.js';
import { BYTE_ORDER_MARK, csvLine } from './csv-line.js';
import type { ImageErrorCode } from './image-error-codes.js';
import type { ImageStatus } from './request-status.js';

export const OUTPUT_COLUMNS = ['basic', 'extended'] as const;
export type OutputColumns = (typeof OUTPUT_COLUMNS)[number];

export interface OutputImage {
  status: ImageStatus;
  /** Null unless completed. */
  outputUrl: string | null;
  errorCode: ImageErrorCode | null;
  originalSize: number | null;
  compressedSize: number | null;
}

/** The output CSV in pieces: RFC 4180, every piece a whole record with its CRLF. */
export interface OutputCsv {
  header: string;
  /** The record of one product: the row's cells as they came in, and its images in order. */
  record(cells: string[], images: OutputImage[]): string;
}

const OUTPUT_URLS = 'Output Image Urls';
const EXTENDED_COLUMNS = ['Status', 'Error Codes', 'Original Bytes', 'Compressed Bytes'];

/** How the input with these column names becomes the output. No column of the input is touched but `Output Image Urls`. */
export function outputCsv(
  names: string[],
  options: { columns: OutputColumns; bom: boolean; safeCells: boolean },
): OutputCsv {
  const layout = columnLayout(names, [OUTPUT_URLS]);
  const extended = options.columns === 'extended';
  const write = (cells: string[], outputUrls: string, more: string[]): string =>
    csvLine([...layOut(layout, cells, { [OUTPUT_URLS]: outputUrls }), ...more], options);
  return {
    header:
      (options.bom ? BYTE_ORDER_MARK : '') + write(names, OUTPUT_URLS, extended ? EXTENDED_COLUMNS : []),
    record: (cells, images) =>
      write(
        cells,
        images.map((image) => image.outputUrl ?? '').join(','),
        extended ? extendedCells(images) : [],
      ),
  };
}

function extendedCells(images: OutputImage[]): string[] {
  const completed = images.filter((image) => image.status === 'completed');
  const failed = images.some((image) => image.status === 'failed');
  const sum = (size: (image: OutputImage) => number | null): string =>
    completed.length === 0 ? '' : String(completed.reduce((total, image) => total + (size(image) ?? 0), 0));
  return [
    productStatus(images),
    failed ? images.map((image) => (image.status === 'failed' ? image.errorCode : '')).join(',') : '',
    sum((image) => image.originalSize),
    sum((image) => image.compressedSize),
  ];
}

/** A product is completed when every image is; otherwise it has the status of those that are not. */
function productStatus(images: OutputImage[]): ImageStatus {
  const has = (status: ImageStatus): boolean => images.some((image) => image.status === status);
  return (['pending', 'cancelled', 'failed'] as const).find(has) ?? 'completed';
}
