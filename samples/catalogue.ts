/** Paths are relative to the package's root, where npm runs every script. */
export const CATALOGUE_CSV = 'samples/products.csv';
export const CATALOGUE_IMAGES = 'samples/images';

/** What the image URLs of the CSV begin with. */
export const CATALOGUE_PORT = 4300;
export const CATALOGUE_URL = `http://127.0.0.1:${CATALOGUE_PORT}`;

/** The one URL of the catalogue that leads nowhere, to show what becomes of such an image. */
export const BROKEN_IMAGE = 'discontinued.jpg';
