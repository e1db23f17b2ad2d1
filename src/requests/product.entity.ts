import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One data row of the CSV. Its images are the positions from `firstPosition` on. */
@Entity('product')
export class Product {
  @PrimaryColumn('uuid', { name: 'request_id', primaryKeyConstraintName: 'product_pkey' })
  requestId: string;

  /** Counts data rows from 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'product_pkey' })
  row: number;

  /** The row's text, cell for cell, as many as the header has. */
  @Column('jsonb')
  cells: string[];

  @Column('integer', { name: 'first_position' })
  firstPosition: number;

  @Column('integer', { name: 'image_count' })
  imageCount: number;
}
