/** What the columns of a request's CSV mean. The numbers are indexes into `names`. */
export interface CsvColumns {
  /** The header's cells, text as written. */
  names: string[];
  /** Null: there is none, products are numbered by their row. */
  serialNumber: number | null;
  productName: number;
  /** In the order in which their URLs are read; at least one. */
  urls: number[];
}
