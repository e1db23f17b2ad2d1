import type { ImageBody, ImageErrorBody, ListedImageBody } from './image-body.dto.js';
import { IMAGE_ERRORS } from './image-error-codes.js';
import type { ProductImage } from './product-image.entity.js';
import { imageStatus, type RequestStatus } from './request-status.js';

/** How callers know a product. */
export interface ProductTitle {
  row: number;
  serial_number: string;
  product_name: string;
}

/** The URL of an object, by its key. */
export type UrlFor = (key: string) => string;

/** What callers are told of an image of a request with this status. */
export function imageBody(image: ProductImage, request: RequestStatus, urlFor: UrlFor): ImageBody {
  return {
    position: image.position,
    input_url: image.sourceUrl,
    output_url: image.objectKey === null ? null : urlFor(image.objectKey),
    status: imageStatus(image.status, request),
    original_size: image.originalSize,
    compressed_size: image.compressedSize,
    kept_original: image.keptOriginal,
    error: imageErrorBody(image),
    attempts: image.attempts,
  };
}

/** The same with its product, and with what is known of the output. */
export function listedImageBody(
  image: ProductImage,
  product: ProductTitle,
  request: RequestStatus,
  urlFor: UrlFor,
): ListedImageBody {
  return Object.assign(imageBody(image, request, urlFor), product, {
    content_type: image.contentType,
    width: image.width,
    height: image.height,
    sha256: image.sha256?.toString('hex') ?? null,
    finished_at: image.finishedAt?.toISOString() ?? null,
  });
}

function imageErrorBody(image: ProductImage): ImageErrorBody | null {
  if (image.status !== 'failed' || image.errorCode === null) return null;
  return {
    code: image.errorCode,
    detail: image.errorDetail ?? '',
    retryable: IMAGE_ERRORS[image.errorCode].retryable,
    http_status: image.httpStatus,
  };
}
