import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { EventStream } from '../../../src/requests/event-stream.js';
import { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import { ProgressWatch } from '../../../src/requests/progress-watch.js';
import { waitFor } from '../../support/wait-for.js';

const request = (completedCount: number): ProcessingRequest =>
  Object.assign(new ProcessingRequest(), {
    id: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
    status: 'processing',
    run: 1,
    options: { quality: 50, format: 'same', effort: 'balanced', maxWidth: null, maxHeight: null },
    imageCount: 10,
    runImageCount: 10,
    completedCount,
    failedCount: 0,
    createdAt: new Date(),
  });

/** A database whose answers come when the test gives them. */
function slowDatabase() {
  const answers: ((rows: ProcessingRequest[]) => void)[] = [];
  const find = () => new Promise<ProcessingRequest[]>((answer) => answers.push(answer));
  const dataSource = { getRepository: () => ({ metadata: { columns: [] }, find }) };
  return { answers, dataSource: dataSource as unknown as DataSource };
}

function idsOf(stream: EventStream): string[] {
  const ids: string[] = [];
  stream.on('data', (chunk: Buffer) => ids.push(...(/id: .*/.exec(chunk.toString()) ?? [])));
  return ids;
}

describe('a look that takes long', () => {
  let watch: ProgressWatch;
  let answers: ((rows: ProcessingRequest[]) => void)[];
  beforeEach(() => {
    const database = slowDatabase();
    ({ answers } = database);
    watch = new ProgressWatch(database.dataSource);
  });
  afterEach(() => watch.onModuleDestroy());

  const look = (number: number) => waitFor('a look', async () => answers[number - 1]);

  it('is the only one', async () => {
    idsOf(watch.listen(request(0)));
    const answer = await look(1);
    // Two more would be due.
    await delay(1100);
    expect(answers.length).toBe(1);
    answer([request(1)]);
    await look(2);
  });

  it('tells nothing old to a listener that came meanwhile', async () => {
    const first = idsOf(watch.listen(request(0)));
    const answer = await look(1);
    const second = idsOf(watch.listen(request(5)));
    answer([request(3)]);
    (await look(2))([request(5)]);
    (await look(3))([request(6)]);
    await look(4);
    expect(first).toEqual(['id: 1-0', 'id: 1-3', 'id: 1-5', 'id: 1-6']);
    expect(second).toEqual(['id: 1-5', 'id: 1-6']);
  });
});

describe('the streams of one owner', () => {
  const of = (ownerId: string): ProcessingRequest => Object.assign(request(0), { ownerId });

  it('are a thousand at most, of all requests; those that are closed do not count, nor those of others', async () => {
    const watch = new ProgressWatch(slowDatabase().dataSource);
    const streams = Array.from({ length: 1000 }, () => watch.listen(of('shop')));
    expect(() => watch.listen(of('shop'))).toThrow('There are 1000 of yours open. Close some.');
    const others = watch.listen(of('studio'));
    const closed = once(streams[0]!, 'close');
    streams[0]!.destroy();
    await closed;
    streams.push(watch.listen(of('shop')));
    expect(() => watch.listen(of('shop'))).toThrow('There are 1000');
    for (const stream of [...streams, others]) stream.destroy();
    watch.onModuleDestroy();
  });
});
