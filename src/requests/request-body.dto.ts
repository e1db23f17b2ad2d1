import { ApiProperty } from '@nestjs/swagger';
import { EFFORTS, OUTPUT_FORMATS } from './request-options.js';
import { REQUEST_STATUSES } from './request-status.js';

/** How the images of a request are compressed. */
export class OptionsBody {
  /**
   * 1 to 100.
   * @example 50
   */
  @ApiProperty({ type: 'integer' })
  quality: number;

  /** Of the outputs; `same` keeps each image's own. */
  @ApiProperty({ enum: OUTPUT_FORMATS, example: 'same' })
  format: (typeof OUTPUT_FORMATS)[number];

  /** How hard the encoder works for fewer bytes that look the same. */
  @ApiProperty({ enum: EFFORTS, example: 'balanced' })
  effort: (typeof EFFORTS)[number];

  /** Pixels; wider images are shrunk to it. Null: no limit. */
  @ApiProperty({ type: 'integer', nullable: true, example: null })
  max_width: number | null;

  /** Pixels; higher images are shrunk to it. Null: no limit. */
  @ApiProperty({ type: 'integer', nullable: true, example: null })
  max_height: number | null;
}

/** How many images of the request are in each status; they always add up to `image_count`. */
export class CountsBody {
  /** @example 1 */
  @ApiProperty({ type: 'integer' })
  pending: number;

  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  completed: number;

  /** @example 0 */
  @ApiProperty({ type: 'integer' })
  failed: number;

  /**
   * Images that were pending when the request was cancelled.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  cancelled: number;
}

/** Bytes of all completed images of the request. */
export class BytesBody {
  /**
   * Of their sources.
   * @example 734003
   */
  @ApiProperty({ type: 'integer' })
  input: number;

  /**
   * Of their outputs.
   * @example 201326
   */
  @ApiProperty({ type: 'integer' })
  output: number;

  /**
   * `input` less `output`.
   * @example 532677
   */
  @ApiProperty({ type: 'integer' })
  saved: number;
}

/** A request, without its products. */
export class RequestBody {
  @ApiProperty({ format: 'uuid', example: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90' })
  request_id: string;

  /** `pending` until work begins. `completed`: nothing is pending and at least one image succeeded; `failed`: none did. */
  @ApiProperty({ enum: REQUEST_STATUSES, example: 'processing' })
  status: (typeof REQUEST_STATUSES)[number];

  /**
   * Which processing of the request this is, from 1; a retry begins the next.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  run: number;

  /** The caller's own words for it. */
  @ApiProperty({ type: String, nullable: true, example: null })
  label: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'spring.csv' })
  file_name: string | null;

  options: OptionsBody;

  /**
   * Data rows of the CSV.
   * @example 2
   */
  @ApiProperty({ type: 'integer' })
  product_count: number;

  /**
   * Image URLs of all products.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  image_count: number;

  counts: CountsBody;

  /**
   * Percent of the current run's images that have their outcome, to one decimal. 100 only when the request is terminal; a cancelled one keeps what it had reached.
   * @example 66.7
   */
  @ApiProperty({ minimum: 0, maximum: 100 })
  progress: number;

  /** Seconds until the run ends, by its speed lately. Null when that is unknown, and when the request is terminal. */
  @ApiProperty({ type: 'integer', nullable: true, example: 4 })
  eta_seconds: number | null;

  bytes: BytesBody;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' })
  created_at: string;

  /** When the current run's first slice was claimed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: '2026-11-20T09:30:01.000Z' })
  started_at: string | null;

  /** When the current run ended. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  finished_at: string | null;

  /** When the request and its files will be removed. Null: not yet known, or never. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  expires_at: string | null;

  /** The output CSV; null until the request is terminal. */
  @ApiProperty({ type: String, format: 'uri', nullable: true, example: null })
  output_csv_url: string | null;

  /** The path of `output_csv_url`. */
  @ApiProperty({ type: String, nullable: true, example: null })
  output_csv_path: string | null;

  /** All images, page by page. */
  @ApiProperty({
    format: 'uri',
    example: 'http://127.0.0.1:3000/api/requests/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90/images',
  })
  products_url: string;
}
