import type { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import type { RequestPage } from '../../../src/requests/pages.dto.js';
import { insertRequest } from '../../support/requests.js';
import { startRequestsApp, type RequestsApp } from '../../support/requests-app.js';

describe('GET /api/requests', () => {
  let server: RequestsApp;
  let owners = 0;
  let owner: string;
  beforeAll(async () => (server = await startRequestsApp()));
  afterAll(() => server.close());
  beforeEach(() => (owner = `owner-${++owners}`));

  const insert = (of: Partial<ProcessingRequest> = {}) =>
    insertRequest(server.dataSource, undefined, { ownerId: owner, ...of });
  const list = async (query = '') => (await server.get(`/api/requests${query}`, owner)).body as RequestPage;
  const ids = async (query: string) => (await list(query)).data.map(({ request_id }) => request_id);

  it('has the newest first, without their products', async () => {
    const [first, second] = [await insert(), await insert({ label: 'spring' })];
    const { data, next_cursor } = await list();
    expect(data.map(({ request_id }) => request_id)).toEqual([second.id, first.id]);
    expect(data[0]).toMatchObject({ label: 'spring', status: 'completed', progress: 100 });
    expect(data[0]).not.toHaveProperty('products');
    expect(next_cursor).toBeNull();
  });

  it('is empty for an owner who has none', async () => {
    await insert({ ownerId: 'someone else' });
    expect(await list()).toEqual({ data: [], next_cursor: null });
  });

  it('gives every request once, page by page, while others come in', async () => {
    const inserted: string[] = [];
    for (let n = 0; n < 5; n++) inserted.unshift((await insert()).id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: RequestPage = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.data.length).toBeLessThanOrEqual(2);
      seen.push(...page.data.map(({ request_id }) => request_id));
      cursor = page.next_cursor;
      await insert();
    }
    expect(seen).toEqual(inserted);
  });

  it('has no next page when the last one is full', async () => {
    await insert();
    await insert();
    expect(await list('?limit=2')).toMatchObject({ next_cursor: null });
  });

  it('filters by status and label', async () => {
    const spring = await insert({ label: 'spring' });
    const failed = await insert({ status: 'failed', label: 'spring' });
    await insert({ label: 'Spring' });
    expect(await ids('?label=spring')).toEqual([failed.id, spring.id]);
    expect(await ids('?label=spring&status=completed')).toEqual([spring.id]);
    expect(await ids('?status=cancelled')).toEqual([]);
  });

  it('filters by the time of acceptance, as callers see it', async () => {
    const early = await insert({ createdAt: new Date('2026-11-19T23:59:59.999Z') });
    const late = await insert({ createdAt: new Date('2026-11-20T09:30:00.000Z') });
    // The database knows more digits than callers are told.
    await server.dataSource.query(
      `UPDATE processing_request SET created_at = '2026-11-20T09:30:00.000700Z' WHERE id = $1`,
      [late.id],
    );
    expect(await ids('?created_after=2026-11-20')).toEqual([late.id]);
    expect(await ids('?created_before=2026-11-20')).toEqual([early.id]);
    expect(await ids('?created_after=2026-11-20T09:30:00.000Z')).toEqual([]);
    expect(await ids('?created_before=2026-11-20T10:30:00.001%2B01:00')).toEqual([late.id, early.id]);
    expect(await ids('?created_after=2026-11-19T23:59:59.999Z&created_before=2026-11-20T09:30:00Z')).toEqual(
      [],
    );
  });

  it('names every parameter that is wrong', async () => {
    const { status, body } = await server.get('/api/requests?limit=0&cursor=abc&page=2', owner);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation_failed', error_count: 3 });
    const parameters = (body as { errors: { parameter: string }[] }).errors.map(({ parameter }) => parameter);
    expect(parameters.toSorted()).toEqual(['cursor', 'limit', 'page']);
  });
});
