import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How often a caller has called in the present minute. Read and written by rate-limiter-flexible alone. */
@Entity('rate_limit')
export class CallCount {
  @PrimaryColumn('varchar', { length: 255, primaryKeyConstraintName: 'rate_limit_pkey' })
  key: string;

  @Column('integer', { default: 0 })
  points: number;

  /** When the minute ends, in milliseconds since 1970. */
  @Column('bigint', { nullable: true })
  expire: number | null;
}
