import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ImageErrorCode } from './image-error-codes.js';

/** One image URL of a product. `pending` until it is completed or failed; only a retry of the request begins it anew. */
@Entity('product_image')
@Index('product_image_failed', ['requestId', 'position'], { where: `status = 'failed'` })
@Check('product_image_status', `status IN ('pending','completed','failed')`)
export class ProductImage {
  @PrimaryColumn('uuid', { name: 'request_id', primaryKeyConstraintName: 'product_image_pkey' })
  requestId: string;

  /** Counts images from 0 through the whole request. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'product_image_pkey' })
  position: number;

  /** The product's row. */
  @Column('integer')
  row: number;

  @Column('text', { name: 'source_url' })
  sourceUrl: string;

  @Column('text', { default: 'pending' })
  status: 'pending' | 'completed' | 'failed';

  /** Attempts made in this run; trouble of our own (database, shutdown, no place at the host) is none. */
  @Column('smallint', { default: 0 })
  attempts: number;

  /** Marks of decoding it alone that no process came back to take away. */
  @Column('smallint', { name: 'decode_marks', default: 0 })
  decodeMarks: number;

  @Column('timestamptz', { name: 'next_attempt_at', nullable: true })
  nextAttemptAt: Date | null;

  /** The one valid object of a completed image. */
  @Column('text', { name: 'object_key', nullable: true })
  objectKey: string | null;

  /** The source's bytes are the output, because the encoder's were not fewer. */
  @Column('boolean', { name: 'kept_original', nullable: true })
  keptOriginal: boolean | null;

  @Column('text', { name: 'content_type', nullable: true })
  contentType: string | null;

  @Column('integer', { nullable: true })
  width: number | null;

  @Column('integer', { nullable: true })
  height: number | null;

  @Column('integer', { name: 'original_size', nullable: true })
  originalSize: number | null;

  @Column('integer', { name: 'compressed_size', nullable: true })
  compressedSize: number | null;

  /** Of the output. */
  @Column('bytea', { nullable: true })
  sha256: Buffer | null;

  /** Why the last attempt failed; a pending image may have one too. */
  @Column('text', { name: 'error_code', nullable: true })
  errorCode: ImageErrorCode | null;

  @Column('text', { name: 'error_detail', nullable: true })
  errorDetail: string | null;

  @Column('smallint', { name: 'http_status', nullable: true })
  httpStatus: number | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;
}
