import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** One row: what all processes of this installation must agree on. */
@Entity('installation')
@Check('installation_singleton', 'singleton')
export class Installation {
  @PrimaryColumn('boolean', { default: true, primaryKeyConstraintName: 'installation_pkey' })
  singleton: boolean;

  /** The id in the file that marks the one shared storage directory. */
  @Column('text', { name: 'storage_id', nullable: true })
  storageId: string | null;
}
