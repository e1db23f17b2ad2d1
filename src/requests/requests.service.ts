import { Injectable } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Problem } from '../errors/problem.js';
import { cutPage } from './cursor.js';
import type { RequestPage } from './pages.dto.js';
import { ProcessingRequest } from './processing-request.entity.js';
import { requestBody } from './request-body.js';
import type { RequestsQuery } from './requests-query.dto.js';

/** Reads requests; an owner sees its own and nothing else. */
@Injectable()
export class RequestsService {
  constructor(private readonly dataSource: DataSource) {}

  /** Throws `not_found` for what does not exist, is malformed, or belongs to someone else: callers cannot tell which. */
  async find(owner: string, id: string): Promise<ProcessingRequest> {
    const request = isUuid(id)
      ? await this.dataSource
          .getRepository(ProcessingRequest)
          .findOneBy({ id, ownerId: owner, deletedAt: IsNull() })
      : null;
    if (!request) throw new Problem('not_found', 'There is no request with this id.');
    return request;
  }

  /** The newest first. Ids are UUIDv7, so that is their order, and requests that come in do not move a page. */
  async list(owner: string, filter: RequestsQuery): Promise<RequestPage> {
    const query = this.dataSource
      .getRepository(ProcessingRequest)
      .createQueryBuilder('request')
      .where('request.ownerId = :owner AND request.deletedAt IS NULL', { owner })
      .orderBy('request.id', 'DESC')
      .limit(filter.limit + 1);
    if (filter.cursor) query.andWhere('request.id < :cursor', { cursor: filter.cursor });
    if (filter.status) query.andWhere('request.status = :status', { status: filter.status });
    if (filter.label !== undefined) query.andWhere('request.label = :label', { label: filter.label });
    // Callers know times to the millisecond, the database to the microsecond: compared as callers see them.
    if (filter.created_after)
      query.andWhere(`date_trunc('milliseconds', request.createdAt) > :after`, {
        after: filter.created_after,
      });
    if (filter.created_before)
      query.andWhere(`date_trunc('milliseconds', request.createdAt) < :before`, {
        before: filter.created_before,
      });
    const found = await query.getMany();
    const { page, nextCursor } = cutPage(found, filter.limit, ({ id }) => id);
    const now = new Date();
    return {
      data: page.map((request) => requestBody(request, now)),
      next_cursor: nextCursor,
    };
  }
}
