import { ProcessingRequest } from '../../../src/requests/processing-request.entity.js';
import { SPEED_MEMORY } from '../../../src/requests/remaining-time.js';
import { imageCounts, requestBody } from '../../../src/requests/request-body.js';

const STARTED = new Date('2026-11-20T09:30:01.000Z');
const after = (seconds: number) => new Date(STARTED.getTime() + seconds * 1000);

function request(of: Partial<ProcessingRequest> = {}): ProcessingRequest {
  return Object.assign(new ProcessingRequest(), {
    id: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
    ownerId: 'default',
    status: 'processing',
    run: 1,
    label: null,
    fileName: 'spring.csv',
    options: { quality: 50, format: 'same', effort: 'balanced', maxWidth: null, maxHeight: 800 },
    csvColumns: { names: [], serialNumber: null, productName: 0, urls: [1] },
    publicUrl: 'https://img.example',
    productCount: 2,
    imageCount: 3,
    completedCount: 2,
    failedCount: 0,
    runImageCount: 3,
    inputBytes: 734003,
    outputBytes: 201326,
    createdAt: new Date('2026-11-20T09:30:00.000Z'),
    startedAt: STARTED,
    finishedAt: null,
    progressedAt: after(8),
    // An image in four seconds, as the average is after eight that began at 0.
    speed: 0.25 * (1 - Math.exp(-8 / SPEED_MEMORY)),
    ...of,
  });
}

describe('the body of a request', () => {
  it('is that of the contract while the request is worked on', () => {
    expect(requestBody(request(), after(8))).toEqual({
      request_id: '0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90',
      status: 'processing',
      run: 1,
      label: null,
      file_name: 'spring.csv',
      options: { quality: 50, format: 'same', effort: 'balanced', max_width: null, max_height: 800 },
      product_count: 2,
      image_count: 3,
      counts: { pending: 1, completed: 2, failed: 0, cancelled: 0 },
      progress: 66.7,
      eta_seconds: 4,
      bytes: { input: 734003, output: 201326, saved: 532677 },
      created_at: '2026-11-20T09:30:00.000Z',
      started_at: '2026-11-20T09:30:01.000Z',
      finished_at: null,
      expires_at: null,
      output_csv_url: null,
      output_csv_path: null,
      products_url: 'https://img.example/api/requests/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90/images',
    });
  });

  it.each(['completed', 'failed', 'cancelled'] as const)('leads to the output CSV when %s', (status) => {
    const body = requestBody(request({ status, finishedAt: after(9) }), after(10));
    expect(body.output_csv_path).toBe('/api/download/0199a5b4-7c1e-7d3a-9f52-3b1c6a7e8d90');
    expect(body.output_csv_url).toBe(`https://img.example${body.output_csv_path}`);
    expect(body.finished_at).toBe('2026-11-20T09:30:10.000Z');
    expect(body.eta_seconds).toBeNull();
  });

  it('calls what was left cancelled when the request was', () => {
    expect(imageCounts(request({ status: 'cancelled', failedCount: 1, completedCount: 1 }))).toEqual({
      pending: 0,
      completed: 1,
      failed: 1,
      cancelled: 1,
    });
  });
});

describe('progress', () => {
  const progress = (of: Partial<ProcessingRequest>) => requestBody(request(of), after(9)).progress;

  it('is of the current run', () => {
    // 7 were completed in the first run; 2 of the 3 that were tried again have failed again.
    expect(progress({ run: 2, imageCount: 10, completedCount: 7, failedCount: 2, runImageCount: 3 })).toBe(
      66.7,
    );
  });

  it('is 100 when the request is completed or failed', () => {
    expect(progress({ status: 'completed', completedCount: 3 })).toBe(100);
    expect(progress({ status: 'failed', completedCount: 0, failedCount: 3 })).toBe(100);
  });

  it.each([
    [10_000, 9999],
    [10_000, 10_000],
  ])('is not 100 while the request is open: of %d images %d', (imageCount, completedCount) => {
    expect(progress({ imageCount, completedCount, runImageCount: imageCount })).toBe(99.9);
  });

  it('stays where it was when the request is cancelled', () => {
    expect(progress({ status: 'cancelled' })).toBe(66.7);
    expect(
      progress({ status: 'cancelled', imageCount: 10_000, completedCount: 9999, runImageCount: 10_000 }),
    ).toBe(99.9);
  });

  it('is 0 at the beginning', () => {
    expect(progress({ status: 'pending', completedCount: 0, startedAt: null })).toBe(0);
  });
});

describe('the remaining time', () => {
  const eta = (of: Partial<ProcessingRequest>, seconds = 8) =>
    requestBody(request(of), after(seconds)).eta_seconds;

  it('is of the images that are left, at the speed of this run', () => {
    expect(eta({ imageCount: 1000, runImageCount: 1000, completedCount: 190, failedCount: 10 })).toBe(3200);
  });

  it('is in whole seconds, rather too long', () => {
    expect(eta({}, 8.5)).toBe(4);
    expect(eta({}, 9.5)).toBe(3);
  });

  it('does not count what an earlier run did', () => {
    const second = { run: 2, imageCount: 1000, completedCount: 900, failedCount: 1, runImageCount: 100 };
    expect(eta(second)).toBeNull();
    expect(eta({ ...second, failedCount: 2 })).toBe(392);
  });

  it.each<[string, Partial<ProcessingRequest>]>([
    ['before the run has begun', { status: 'pending', startedAt: null, progressedAt: null, speed: null }],
    ['before its first outcome', { completedCount: 0, progressedAt: null, speed: null }],
    ['when the request is cancelled', { status: 'cancelled' }],
  ])('is unknown %s', (_when, of) => {
    expect(eta(of)).toBeNull();
  });
});
