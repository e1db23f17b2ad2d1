import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CsvColumns } from './csv-columns.js';
import type { RequestOptions } from './request-options.js';
import type { RequestStatus } from './request-status.js';

/**
 * request: one accepted CSV. It ends in exactly one of completed, failed, cancelled.
 * product: one data row of the CSV. image: one image URL of a product, at a position counted through the whole request.
 * slice: consecutive images of one request, the unit of claiming, worked in passes. run: one processing of a request.
 * owner: whom a request belongs to. object, key: a stored output file and its name in storage.
 *
 * The counters always equal the image rows: only the statement that changes images changes them.
 */
@Entity('processing_request')
@Index('processing_request_of_owner', ['ownerId', 'id'])
@Index('processing_request_expires', ['expiresAt'], { where: 'expires_at IS NOT NULL' })
@Index('processing_request_deleted', ['deletedAt'], { where: 'deleted_at IS NOT NULL' })
@Index('processing_request_open', ['id'], { where: `status IN ('pending', 'processing')` })
@Check('processing_request_status', `status IN ('pending','processing','completed','failed','cancelled')`)
@Check('processing_request_counts', `completed_count + failed_count <= image_count`)
export class ProcessingRequest {
  /** UUIDv7: the order of ids is the order of acceptance. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'processing_request_pkey' })
  id: string;

  @Column('text', { name: 'owner_id' })
  ownerId: string;

  @Column('text', { default: 'pending' })
  status: RequestStatus;

  @Column('integer', { default: 1 })
  run: number;

  @Column('text', { nullable: true })
  label: string | null;

  @Column('text', { name: 'file_name', nullable: true })
  fileName: string | null;

  @Column('jsonb')
  options: RequestOptions;

  @Column('jsonb', { name: 'csv_columns' })
  csvColumns: CsvColumns;

  /** The prefix of its URLs, as it was when the request was accepted. */
  @Column('text', { name: 'public_url' })
  publicUrl: string;

  @Column('integer', { name: 'product_count' })
  productCount: number;

  @Column('integer', { name: 'image_count' })
  imageCount: number;

  @Column('integer', { name: 'completed_count', default: 0 })
  completedCount: number;

  @Column('integer', { name: 'failed_count', default: 0 })
  failedCount: number;

  /** How many images were pending when the current run began: what its progress is a share of. */
  @Column('integer', { name: 'run_image_count' })
  runImageCount: number;

  /** Bytes of the sources of completed images, and of their outputs. */
  @Column('bigint', { name: 'input_bytes', default: 0 })
  inputBytes: number;

  @Column('bigint', { name: 'output_bytes', default: 0 })
  outputBytes: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;

  /** When the request is removed; null while it is open, and when it is kept for ever. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  /** Since then it is gone for everybody; its objects and rows follow. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt: Date | null;

  /** Until then one process removes them, and nobody else. */
  @Column('timestamptz', { name: 'removing_until', nullable: true })
  removingUntil: Date | null;

  /** While a retry makes images pending again: the positions below are. The run begins when it is null. */
  @Column('integer', { name: 'retried_to', nullable: true })
  retriedTo: number | null;

  /** When the current run last had an outcome. Null until then: a new run begins with neither this nor a speed. */
  @Column('timestamptz', { name: 'progressed_at', nullable: true })
  progressedAt: Date | null;

  /** Of the current run at `progressedAt`, in outcomes per second: a moving average, see remaining-time.ts. */
  @Column('double precision', { nullable: true })
  speed: number | null;
}
