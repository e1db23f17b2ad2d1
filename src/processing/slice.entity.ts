import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Consecutive images of one request: the unit of claiming and of a queue job.
 *
 * `waiting` (for its turn in the request's window, or until `notBefore`) → `queued` (a job is on its way) → `running`
 * (a worker holds the lease) → `done`, or back to `waiting` with the next pass when images are left.
 */
@Entity('slice')
@Index('slice_waiting', ['requestId', 'run', 'number'], { where: `state = 'waiting'` })
@Index('slice_in_window', ['requestId', 'run'], { where: `state IN ('queued', 'running')` })
@Check('slice_state', `state IN ('waiting','queued','running','done')`)
export class Slice {
  @PrimaryColumn('uuid', { name: 'request_id', primaryKeyConstraintName: 'slice_pkey' })
  requestId: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'slice_pkey' })
  run: number;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'slice_pkey' })
  number: number;

  @Column('integer', { name: 'first_position' })
  firstPosition: number;

  @Column('integer', { name: 'last_position' })
  lastPosition: number;

  @Column('text', { default: 'waiting' })
  state: 'waiting' | 'queued' | 'running' | 'done';

  /** Rises whenever the slice is handed out anew, so a worker of an earlier pass can change nothing any more. */
  @Column('integer', { default: 1 })
  pass: number;

  /** How often it began without ending: more than once, and perhaps one of its images kills the process. */
  @Column('integer', { default: 0 })
  starts: number;

  @Column('timestamptz', { name: 'not_before', nullable: true })
  notBefore: Date | null;

  @Column('timestamptz', { name: 'queued_at', nullable: true })
  queuedAt: Date | null;

  /** By the database's clock, like every time here. */
  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil: Date | null;

  @Column('uuid', { name: 'worker_id', nullable: true })
  workerId: string | null;
}
