import { columnKey } from '../requests/column-key.js';

/** The columns found for each role; a header is usable with one name, at least one for URLs and at most one serial number. */
export interface ColumnRoles {
  serialNumbers: number[];
  productNames: number[];
  urls: number[];
}

// Per role the best name first: of a shop's `id`, `sku`, `title`, `url` and `image`, the earlier one is what is meant.
const SERIAL_NUMBER = ['sno', 'srno', 'serialnumber', 'id', 'no'];
const PRODUCT_NAME = ['productname', 'product', 'name', 'title', 'sku', 'handle'];
const IMAGE_URLS = [
  'inputimageurls',
  'inputimageurl',
  'imageurls',
  'imageurl',
  'images',
  'image',
  'imagesrc',
  'urls',
  'url',
];

export function findColumnRoles(names: string[]): ColumnRoles {
  const keys = names.map(columnKey);
  return {
    serialNumbers: columnsOfBest(SERIAL_NUMBER, keys),
    productNames: columnsOfBest(PRODUCT_NAME, keys),
    urls: columnsOfBest(IMAGE_URLS, names.map(imageKey)),
  };
}

/** Columns that are called like ones with images while the images are read from others: `Image 2` beside `Image Src`. */
export function findUnreadImageColumns(names: string[], urls: number[]): number[] {
  return names.flatMap((name, column) => {
    const key = imageKey(name);
    // A `url` beside them is more often the product's page.
    return key.includes('image') && IMAGE_URLS.includes(key) && !urls.includes(column) ? [column] : [];
  });
}

/** `Image 1`, `Image 2`: the number only tells them apart. */
function imageKey(name: string): string {
  return columnKey(name).replace(/\d+$/, '');
}

function columnsOfBest(synonyms: string[], keys: string[]): number[] {
  const best = synonyms.find((synonym) => keys.includes(synonym));
  return keys.flatMap((key, column) => (key === best ? [column] : []));
}
