import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { BooleanValue } from './query-values.js';

/** How a CSV is written. */
export class CsvQuery {
  /** `true` begins the file with a byte order mark, by which Excel knows UTF-8. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  bom: boolean = false;

  /** `true` puts `'` before cells that a spreadsheet would run as a formula. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  safe_cells: boolean = false;
}
