import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A worker process that is alive, as long as it was seen lately. */
@Entity('worker')
export class WorkerProcess {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'worker_pkey' })
  id: string;

  /** Slices that it works at once. */
  @Column('integer')
  slots: number;

  @Column('timestamptz', { name: 'seen_at', default: () => 'now()' })
  seenAt: Date;
}
