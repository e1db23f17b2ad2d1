import { progressSnapshot } from '../../../src/requests/progress-snapshot.js';
import type { RequestBody } from '../../../src/requests/request-body.dto.js';

const body = (of: Partial<RequestBody> = {}): RequestBody => ({
  request_id: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
  status: 'processing',
  run: 2,
  label: 'spring\r\n\nevent: done',
  file_name: null,
  options: { quality: 50, format: 'same', effort: 'balanced', max_width: null, max_height: null },
  product_count: 2,
  image_count: 10,
  counts: { pending: 3, completed: 5, failed: 2, cancelled: 0 },
  progress: 70,
  eta_seconds: 4,
  bytes: { input: 5000, output: 2000, saved: 3000 },
  created_at: '2026-11-20T09:30:00.000Z',
  started_at: '2026-11-20T09:30:01.000Z',
  finished_at: null,
  expires_at: null,
  output_csv_url: null,
  output_csv_path: null,
  products_url: 'https://img.example/api/requests/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90/images',
  ...of,
});
const counts = { pending: 2, completed: 6, failed: 2, cancelled: 0 };

describe('where a request stands', () => {
  it('is one event, named by its run and outcomes, while it can go on', () => {
    const { events, terminal } = progressSnapshot(body());
    expect(events).toBe(`id: 2-7\nevent: progress\ndata: ${JSON.stringify(body())}\n\n`);
    expect(terminal).toBe(false);
  });

  it.each(['completed', 'failed', 'cancelled'] as const)('is its last two when it is %s', (status) => {
    const data = JSON.stringify(body({ status }));
    const { events, terminal } = progressSnapshot(body({ status }));
    expect(events).toBe(
      `id: 2-7\nevent: progress\ndata: ${data}\n\nid: 2-done\nevent: done\ndata: ${data}\n\n`,
    );
    expect(terminal).toBe(true);
  });

  it('takes one line of data, whatever a label has in it', () => {
    expect(progressSnapshot(body()).events.split(/[\r\n]+/)).toHaveLength(4);
  });

  const state = (of?: Partial<RequestBody>) => progressSnapshot(body(of)).state;

  it.each<[string, Partial<RequestBody>]>([
    ['an image is completed', { counts }],
    ['an image fails', { counts: { ...counts, completed: 5, failed: 3 } }],
    ['it ends', { status: 'failed' }],
    [
      'it is cancelled',
      { status: 'cancelled', counts: { ...counts, pending: 0, completed: 5, cancelled: 3 } },
    ],
    ['another run has begun', { run: 3 }],
    ['its remaining time is not known any more', { eta_seconds: null }],
  ])('is another when %s', (_, change) => {
    expect(state(change)).not.toBe(state());
  });

  it('is the same when only time passes', () => {
    expect(state({ eta_seconds: 3 })).toBe(state());
  });
});
