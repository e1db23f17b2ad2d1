import type { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

/** The answer that sends a CSV as a file. Nest destroys its stream when the client goes away, and reads none for a HEAD. */
export function csvFile(csv: Readable, fileName: string): StreamableFile {
  return new StreamableFile(csv, {
    type: 'text/csv; charset=utf-8',
    disposition: `attachment; filename="${fileName}"`,
  });
}
