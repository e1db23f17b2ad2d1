import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { CsvQuery } from './csv-query.dto.js';
import { OUTPUT_COLUMNS, type OutputColumns } from './output-csv.js';
import { BooleanValue, OneOfValue } from './query-values.js';

const DOWNLOAD_FORMATS = ['csv'] as const;

export class DownloadQuery extends CsvQuery {
  @ApiPropertyOptional({ enum: DOWNLOAD_FORMATS })
  @IsOptional()
  @OneOfValue(DOWNLOAD_FORMATS)
  format: (typeof DOWNLOAD_FORMATS)[number] = 'csv';

  /**
   * `basic`: the input's columns, then `Output Image Urls`. `extended` adds `Status` (of the product: `completed` when
   * every image is, else `pending`, `cancelled` or `failed`), `Error Codes` (joined like the URLs; empty when no image
   * failed), `Original Bytes` and `Compressed Bytes` (sums of the product's completed images; empty when there is none).
   */
  @ApiPropertyOptional({ enum: OUTPUT_COLUMNS })
  @IsOptional()
  @OneOfValue(OUTPUT_COLUMNS)
  columns: OutputColumns = 'basic';

  /** `true` gives what there is before the request has finished. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  partial: boolean = false;
}
