import { ApiProperty } from '@nestjs/swagger';
import { UploadOptions } from './upload-options.dto.js';

/** The form of an upload, for the documentation; it is read as a stream. */
export class UploadForm extends UploadOptions {
  /** The CSV. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file: unknown;
}
