import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sql } from '../database/sql.js';
import { ImageError } from './image-error.js';

/** The mark at which an image is given up: it was in hand when its worker first died, and then twice alone. */
const LAST_MARK = 3;

/**
 * Finds the image that kills its process. One of a slice whose worker died is marked in the database before it is
 * decoded, with nothing else being decoded beside it, and unmarked when the process has survived: who dies leaves its mark.
 */
@Injectable()
export class DecodeMarks {
  constructor(private readonly dataSource: DataSource) {}

  /** What `decode` gives; throws `decoder_crash` instead of trying once more what has ended the process each time. */
  async during<T>(
    image: { requestId: string; position: number },
    aborting: AbortSignal,
    decode: () => Promise<T>,
  ): Promise<T> {
    if ((await this.mark(image)) >= LAST_MARK) {
      throw new ImageError('decoder_crash', 'Decoding this image crashes the decoder.');
    }
    // A mark that stays because the database is away is one of three.
    const unmark = () => this.unmark(image).catch(() => undefined);
    // Nobody waits for the decoder when the process has to end.
    const unmarkNow = () => void unmark();
    aborting.addEventListener('abort', unmarkNow, { once: true });
    try {
      return await decode();
    } finally {
      aborting.removeEventListener('abort', unmarkNow);
      await unmark();
    }
  }

  private async mark({ requestId, position }: { requestId: string; position: number }): Promise<number> {
    const [image] = await sql<{ marks: number }>(
      this.dataSource,
      `UPDATE product_image SET decode_marks = decode_marks + 1 WHERE request_id = $1 AND position = $2
       RETURNING decode_marks AS marks`,
      [requestId, position],
    );
    return image?.marks ?? 0;
  }

  private async unmark({ requestId, position }: { requestId: string; position: number }): Promise<void> {
    await sql(
      this.dataSource,
      `UPDATE product_image SET decode_marks = 0 WHERE request_id = $1 AND position = $2`,
      [requestId, position],
    );
  }
}
