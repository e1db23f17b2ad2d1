import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { sql } from '../database/sql.js';
import { ProcessingRequest } from './processing-request.entity.js';
import { finalStatus } from './request-status.js';

export type NewRequest = Pick<
  ProcessingRequest,
  | 'id'
  | 'ownerId'
  | 'label'
  | 'fileName'
  | 'options'
  | 'csvColumns'
  | 'publicUrl'
  | 'productCount'
  | 'imageCount'
>;

export interface NewProduct {
  row: number;
  cells: string[];
  urls: string[];
}

/** Every statement that writes a request, or races for it. */
@Injectable()
export class RequestsRepository {
  async insert(manager: EntityManager, request: NewRequest): Promise<void> {
    await manager.insert(ProcessingRequest, { ...request, runImageCount: request.imageCount });
  }

  /** Adds products and their images; `firstPosition` is the position of the first image. Gives the next free one. */
  async insertProducts(
    manager: EntityManager,
    requestId: string,
    products: NewProduct[],
    firstPosition: number,
  ): Promise<number> {
    let position = firstPosition;
    const positions = products.map(({ urls }) => (position += urls.length) - urls.length);
    await sql(
      manager,
      `INSERT INTO product (request_id, row, cells, first_position, image_count)
       SELECT $1, * FROM unnest($2::int[], $3::jsonb[], $4::int[], $5::int[])`,
      [
        requestId,
        products.map(({ row }) => row),
        products.map(({ cells }) => JSON.stringify(cells)),
        positions,
        products.map(({ urls }) => urls.length),
      ],
    );
    await sql(
      manager,
      `INSERT INTO product_image (request_id, row, source_url, position)
       SELECT $1, row, url, $4::int + ordinality - 1 FROM unnest($2::int[], $3::text[]) WITH ORDINALITY AS i (row, url)`,
      [
        requestId,
        products.flatMap(({ row, urls }) => urls.map(() => row)),
        products.flatMap(({ urls }) => urls),
        firstPosition,
      ],
    );
    return position;
  }

  /** Locks the request's row until the transaction ends; undefined when there is none. */
  async lock(manager: EntityManager, requestId: string): Promise<ProcessingRequest | undefined> {
    const request = await manager.findOne(ProcessingRequest, {
      where: { id: requestId },
      lock: { mode: 'pessimistic_write' },
    });
    return request ?? undefined;
  }

  /** Ends a run that has nothing pending; undefined when it is not so, or when it has ended already. */
  async close(manager: EntityManager, requestId: string): Promise<ProcessingRequest | undefined> {
    const request = await this.lock(manager, requestId);
    if (request?.status !== 'processing') return undefined;
    if (request.completedCount + request.failedCount < request.imageCount) return undefined;
    const status = finalStatus({ completed: request.completedCount });
    await sql(manager, `UPDATE processing_request SET status = $2, finished_at = now() WHERE id = $1`, [
      requestId,
      status,
    ]);
    return this.lock(manager, requestId);
  }
}
