import { imageBody, listedImageBody } from '../../../src/requests/image-body.js';
import { ProductImage } from '../../../src/requests/product-image.entity.js';

const urlFor = (key: string) => `https://img.example/files/${key}`;

function image(of: Partial<ProductImage> = {}): ProductImage {
  return Object.assign(new ProductImage(), {
    requestId: 'r',
    position: 7,
    row: 3,
    sourceUrl: 'https://shop.example/1.jpg',
    status: 'completed',
    attempts: 1,
    nextAttemptAt: null,
    objectKey: 'r/7-out.jpg',
    keptOriginal: false,
    contentType: 'image/jpeg',
    width: 1200,
    height: 800,
    originalSize: 91034,
    compressedSize: 30112,
    sha256: Buffer.from('00ff10', 'hex'),
    errorCode: null,
    errorDetail: null,
    httpStatus: null,
    finishedAt: new Date('2026-11-20T09:30:02.000Z'),
    ...of,
  });
}

const open = { objectKey: null, keptOriginal: null, originalSize: null, compressedSize: null };
const notFound = { errorCode: 'http_404', errorDetail: 'The server answered 404.', httpStatus: 404 } as const;

describe('the body of an image', () => {
  it('is that of the contract', () => {
    expect(imageBody(image(), 'processing', urlFor)).toEqual({
      position: 7,
      input_url: 'https://shop.example/1.jpg',
      output_url: 'https://img.example/files/r/7-out.jpg',
      status: 'completed',
      original_size: 91034,
      compressed_size: 30112,
      kept_original: false,
      error: null,
      attempts: 1,
    });
  });

  it('has its product and what is known of the output when it is listed', () => {
    const product = { row: 3, serial_number: '12', product_name: 'SKU1' };
    expect(listedImageBody(image(), product, 'processing', urlFor)).toEqual({
      position: 7,
      input_url: 'https://shop.example/1.jpg',
      output_url: 'https://img.example/files/r/7-out.jpg',
      status: 'completed',
      original_size: 91034,
      compressed_size: 30112,
      kept_original: false,
      error: null,
      attempts: 1,
      row: 3,
      serial_number: '12',
      product_name: 'SKU1',
      content_type: 'image/jpeg',
      width: 1200,
      height: 800,
      sha256: '00ff10',
      finished_at: '2026-11-20T09:30:02.000Z',
    });
  });

  it('says why an image failed', () => {
    const body = imageBody(image({ ...open, ...notFound, status: 'failed' }), 'completed', urlFor);
    expect(body).toMatchObject({ status: 'failed', output_url: null });
    expect(body.error).toEqual({
      code: 'http_404',
      detail: 'The server answered 404.',
      retryable: false,
      http_status: 404,
    });
  });

  it('takes retryable from the code', () => {
    const failed = image({ ...open, status: 'failed', errorCode: 'timeout', errorDetail: 'Too slow.' });
    expect(imageBody(failed, 'failed', urlFor).error).toMatchObject({ retryable: true, http_status: null });
  });

  it('has no error while another attempt follows', () => {
    const waiting = image({ ...open, ...notFound, status: 'pending', attempts: 2 });
    expect(imageBody(waiting, 'processing', urlFor)).toMatchObject({
      status: 'pending',
      error: null,
      attempts: 2,
    });
  });

  it('is cancelled with its request when it was pending, and only then', () => {
    const of = (status: ProductImage['status']) => imageBody(image({ status }), 'cancelled', urlFor).status;
    expect([of('pending'), of('completed'), of('failed')]).toEqual(['cancelled', 'completed', 'failed']);
  });
});
