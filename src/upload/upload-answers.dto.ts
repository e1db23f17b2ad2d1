import { ApiProperty } from '@nestjs/swagger';

/** Where in the CSV something was found. */
class CsvPlace {
  /**
   * The physical line on which the record starts, from 1; null when it is about the whole file.
   * @example 3
   */
  @ApiProperty({ type: 'integer', nullable: true })
  line: number | null;

  /**
   * The header's text.
   * @example "Input Image Urls"
   */
  @ApiProperty({ type: String, nullable: true })
  column: string | null;
}

/** Something that was assumed in reading the CSV. */
export class CsvWarningBody extends CsvPlace {
  /**
   * `image_column_unread`: images are read from one column, or from several of one name, and here is another.
   * @example "overflow_cells_joined"
   */
  @ApiProperty({ enum: ['encoding_assumed', 'overflow_cells_joined', 'image_column_unread'] })
  code: string;

  /** @example "The row has more cells than the header; the URLs among them were taken as more images." */
  message: string;
}

/** Something that is wrong in the CSV. */
export class CsvFaultBody extends CsvPlace {
  /** @example "url_scheme_not_allowed" */
  code: string;

  /** @example "Only http and https URLs can be downloaded." */
  message: string;

  /**
   * The text in question, at most 200 characters of it.
   * @example "ftp://shop.example.com/a.jpg"
   */
  @ApiProperty({ type: String, nullable: true })
  value: string | null;
}

/** The request was accepted and is under way. */
export class AcceptedBody {
  /** @example "0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90" */
  @ApiProperty({ format: 'uuid' })
  request_id: string;

  @ApiProperty({ enum: ['pending'] })
  status: 'pending';

  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  product_count: number;

  /** @example 3 */
  @ApiProperty({ type: 'integer' })
  image_count: number;

  /** At most 100. */
  warnings: CsvWarningBody[];

  /** @example "Processing started" */
  message: string;

  /** @example "http://127.0.0.1:3000/api/status/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90" */
  status_url: string;

  /** @example "http://127.0.0.1:3000/api/download/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90" */
  download_url: string;

  /**
   * Verifies the webhook's signature. Only when `webhook_url` was given, and shown only here.
   * @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
   */
  webhook_secret?: string;
}

/** What `validate_only` found; nothing was stored. */
export class ValidationReport {
  valid: boolean;

  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  product_count: number;

  /** @example 3 */
  @ApiProperty({ type: 'integer' })
  image_count: number;

  /** At most 100. */
  warnings: CsvWarningBody[];

  /** At most 100. */
  errors: CsvFaultBody[];

  /**
   * Reading ends at 100,000: then all counts are of what was read by then.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
  error_count: number;
}
