import { ApiPropertyOptional } from '@nestjs/swagger';
import { plainToInstance } from 'class-transformer';
import { IsOptional, validate } from 'class-validator';
import { validationProblem } from '../errors/validation-problem.js';
import { BooleanValue, IntegerValue, OneOfValue, TextValue } from '../requests/query-values.js';
import { EFFORTS, OUTPUT_FORMATS, type RequestOptions } from '../requests/request-options.js';

/** The largest side that the formats we write can hold (JPEG). */
const LARGEST_SIDE = 65_535;

/**
 * What an upload can ask for, as form fields or as query parameters. Swagger UI sends the examples unless they are
 * changed: none of them may change a picture or call anybody.
 */
export class UploadOptions {
  /** How good the pictures stay, 1 to 100. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100 })
  @IsOptional()
  @IntegerValue(1, 100)
  quality: number = 50;

  /** Of the outputs. `same` keeps each image's own (a TIFF becomes a JPEG). */
  @ApiPropertyOptional({ enum: OUTPUT_FORMATS })
  @IsOptional()
  @OneOfValue(OUTPUT_FORMATS)
  format: RequestOptions['format'] = 'same';

  /** How hard the encoder works for fewer bytes that look the same. */
  @ApiPropertyOptional({ enum: EFFORTS })
  @IsOptional()
  @OneOfValue(EFFORTS)
  effort: RequestOptions['effort'] = 'balanced';

  /** Pixels: wider images are shrunk to it, their shape kept. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: LARGEST_SIDE, example: LARGEST_SIDE })
  @IsOptional()
  @IntegerValue(1, LARGEST_SIDE)
  max_width?: number;

  /** Pixels: higher images are shrunk to it, their shape kept. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: LARGEST_SIDE, example: LARGEST_SIDE })
  @IsOptional()
  @IntegerValue(1, LARGEST_SIDE)
  max_height?: number;

  /** Gets a signed POST when the request has finished; the answer then holds the secret. Empty: none. */
  @ApiPropertyOptional({ example: '' })
  @IsOptional()
  @TextValue(4096)
  webhook_url?: string;

  /**
   * A name of your own, to find the request by.
   * @example "spring catalogue"
   */
  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @TextValue(200)
  label?: string;

  /** `true` only checks the file and stores nothing. */
  @ApiPropertyOptional()
  @IsOptional()
  @BooleanValue()
  validate_only: boolean = false;

  /** The options in `values`. Throws a 422 that names whatever is unknown or out of range. */
  static async from(values: Record<string, unknown>): Promise<UploadOptions> {
    const options = plainToInstance(UploadOptions, values, { exposeDefaultValues: true });
    const errors = await validate(options, { whitelist: true });
    // What is no option is taken away: by `whitelist`, or by plainToInstance when every object has a member of that name.
    const unknown = Object.keys(values).filter((name) => !Object.hasOwn(options, name));
    errors.push(...unknown.map((property) => ({ property, constraints: { whitelistValidation: '' } })));
    if (errors.length > 0) throw validationProblem(errors);
    return options;
  }
}
