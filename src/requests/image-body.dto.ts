import { ApiProperty } from '@nestjs/swagger';
import { IMAGE_ERROR_CODES, type ImageErrorCode } from './image-error-codes.js';
import { IMAGE_STATUSES, type ImageStatus } from './request-status.js';

/** Why an image failed. */
export class ImageErrorBody {
  @ApiProperty({ enum: IMAGE_ERROR_CODES, example: 'http_404' })
  code: ImageErrorCode;

  /** @example "The server answered 404 Not Found." */
  detail: string;

  /**
   * Whether the same URL may succeed later; fixed for each code.
   * @example false
   */
  retryable: boolean;

  /** What the image's server answered; null when there was no answer. */
  @ApiProperty({ type: 'integer', nullable: true, example: 404 })
  http_status: number | null;
}

export class ImageBody {
  /**
   * Counts the images of the whole request from 0.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  position: number;

  /** @example "https://shop.example/images/sku1-front.jpg" */
  input_url: string;

  /** Null unless completed. */
  @ApiProperty({
    type: String,
    nullable: true,
    example:
      'http://127.0.0.1:3000/files/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90/0-5d41402abc4b2a76b9719d911017c592-sku1-front.jpg',
  })
  output_url: string | null;

  /** `cancelled`: it was pending when the request was cancelled. */
  @ApiProperty({ enum: IMAGE_STATUSES, example: 'completed' })
  status: ImageStatus;

  /** Bytes of the source; null unless completed. */
  @ApiProperty({ type: 'integer', nullable: true, example: 91034 })
  original_size: number | null;

  /** Bytes of the output; null unless completed. */
  @ApiProperty({ type: 'integer', nullable: true, example: 30112 })
  compressed_size: number | null;

  /** The output is the source itself, because compressing saved nothing; null unless completed. */
  @ApiProperty({ type: Boolean, nullable: true, example: false })
  kept_original: boolean | null;

  /** Null unless failed: a pending image has none, even when an attempt failed and another one will follow. */
  @ApiProperty({ type: ImageErrorBody, nullable: true })
  error: ImageErrorBody | null;

  /**
   * Attempts made in the current run.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  attempts: number;
}

/** An image with its product, as a list holds it. */
export class ListedImageBody extends ImageBody {
  /**
   * The product's data row, from 1.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  row: number;

  /**
   * The product's; its row when the CSV has no such column.
   * @example "1"
   */
  serial_number: string;

  /** @example "SKU1" */
  product_name: string;

  /** Of the output; null unless completed. */
  @ApiProperty({ type: String, nullable: true, example: 'image/jpeg' })
  content_type: string | null;

  /** Pixels of the output; null unless completed. */
  @ApiProperty({ type: 'integer', nullable: true, example: 1200 })
  width: number | null;

  /** Pixels of the output; null unless completed. */
  @ApiProperty({ type: 'integer', nullable: true, example: 800 })
  height: number | null;

  /** Of the output, in hexadecimal; null unless completed. */
  @ApiProperty({
    type: String,
    nullable: true,
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  sha256: string | null;

  /** When it was completed or failed; null while pending, and when cancelled. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-20T09:30:02.000Z' })
  finished_at: string | null;
}

export class ProductBody {
  /**
   * The data row of the CSV, from 1.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  row: number;

  /**
   * As it stands in the CSV; the row when the CSV has no such column.
   * @example "1"
   */
  serial_number: string;

  /** @example "SKU1" */
  product_name: string;

  @ApiProperty({ type: [ImageBody] })
  images: ImageBody[];
}
