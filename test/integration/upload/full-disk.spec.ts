import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expectNoneOpenIn } from '../../support/open-files.js';
import { startOrigin, type Origin } from '../../support/origin.js';
import { photo } from '../../support/pictures.js';
import { expectProblem } from '../../support/problems.js';
import { firstPacket, rawConnection, uploadHead } from '../../support/raw-connection.js';
import { startService, type TestService } from '../../support/service.js';
import { describeWithDisks, mountSmallDisk, type SmallDisk } from '../../support/small-disk.js';
import { CSV, HEADER } from '../../support/upload-form.js';
import { waitFor } from '../../support/wait-for.js';

const KiB = 1024;
const LARGE_CSV = `${HEADER}\n${'1,SKU1,https://shop.example/1.jpg\n'.repeat(20_000)}`;

let disk: SmallDisk;
let service: TestService;

async function start(settings: Record<string, string>): Promise<void> {
  disk = mountSmallDisk(4096 * KiB);
  service = await startService(
    Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value.replace('DISK', disk.path)]),
    ),
  );
}

afterEach(async () => {
  await service.stop();
  disk.unmount();
});

const upload = (csv = CSV, query = ''): Promise<Response> =>
  fetch(`${service.env.publicUrl}/api/upload${query}`, {
    method: 'POST',
    body: csv,
    headers: { 'content-type': 'text/csv' },
  });

async function expectFull(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  expect(response.headers.get('retry-after')).toBe('60');
  await expectProblem(response, 503, 'storage_full');
}

describeWithDisks('an upload', () => {
  it('is refused before the disk of the images is full, and taken when there is room', async () => {
    await start({ APP_MODE: 'api', STORAGE_URL: 'file:DISK', MIN_FREE_BYTES: '1MiB' });
    await disk.fill(1000 * KiB);
    await expectFull(upload());
    expect((await upload(CSV, '?validate_only=true')).status).toBe(200);
    await disk.empty();
    expect((await upload()).status).toBe(202);
  });

  it('is refused before a byte of it has come when it would take the room that is to stay', async () => {
    await start({
      APP_MODE: 'api',
      DATA_DIR: 'DISK',
      STORAGE_URL: 'file:DISK/files',
      MIN_FREE_BYTES: '1MiB',
    });
    await disk.fill(1100 * KiB);
    expect((await upload()).status).toBe(202);
    const sender = await rawConnection(service.env.publicUrl);
    sender.send(uploadHead('text/csv', 100 * KiB, '?validate_only=true'));
    const answer = await firstPacket(sender);
    expect(answer).toContain('HTTP/1.1 503');
    expect(answer).toMatch(/retry-after: 60\r\n/);
    expect(answer).toContain('"code":"storage_full"');
  });

  it('that fills the disk is told so, and leaves nothing of itself', async () => {
    await start({ APP_MODE: 'api', DATA_DIR: 'DISK', STORAGE_URL: 'file:DISK/files', MIN_FREE_BYTES: '0' });
    await disk.fill(100 * KiB);
    await expectFull(service.api.post(LARGE_CSV));
    await expectFull(upload(LARGE_CSV));
    expect(await readdir(join(disk.path, 'tmp'))).toEqual([]);
    await expectNoneOpenIn(disk.path);
    await disk.empty();
    expect((await upload(LARGE_CSV)).status).toBe(202);
  });

  it('is told to come again when the disk cannot be written', async () => {
    await start({ APP_MODE: 'api', DATA_DIR: 'DISK', STORAGE_URL: 'file:DISK/files', MIN_FREE_BYTES: '0' });
    expect((await upload()).status).toBe(202);
    disk.setReadOnly(true);
    const answer = await upload();
    expect(answer.headers.get('retry-after')).toBe('60');
    await expectProblem(answer, 503, 'unavailable');
    disk.setReadOnly(false);
    expect((await upload()).status).toBe(202);
  });
});

describeWithDisks('an image for which there is no room', () => {
  const settings = { STORAGE_URL: 'file:DISK', MIN_FREE_BYTES: '0', LEASE: '3s' };
  let origin: Origin;

  beforeEach(async () => {
    origin = await startOrigin();
    origin.serve('/photo.jpg', { body: await photo(640, 480).jpeg({ quality: 90 }).toBuffer() });
  });
  afterEach(() => origin.close());

  /** There is room for the check of the storage, and too little for the image. Gives the id of its request. */
  async function uploadImage(): Promise<string> {
    await disk.fill(12 * KiB);
    return (await service.api.upload(`${HEADER}\n1,SKU1,${origin.url('/photo.jpg')}\n`)).request_id;
  }

  it('is storage_failed when its attempts are used up, and leaves nothing', async () => {
    await start({ ...settings, IMAGE_ATTEMPTS: '2' });
    const id = await uploadImage();
    expect(await service.api.finished(id)).toMatchObject({ status: 'failed', counts: { failed: 1 } });
    expect(await service.api.images(id)).toMatchObject([{ error: { code: 'storage_failed' }, attempts: 2 }]);
    expect(await readdir(join(disk.path, '.tmp'))).toEqual([]);
    expect(await readdir(join(disk.path, id)).catch(() => [])).toEqual([]);
  });

  it('is completed when somebody makes room in time', async () => {
    await start(settings);
    const id = await uploadImage();
    await waitFor('a first attempt', async () => (await service.api.images(id))[0]!.attempts > 0);
    await disk.empty();
    expect(await service.api.finished(id)).toMatchObject({ status: 'completed', counts: { completed: 1 } });
    expect(await readdir(join(disk.path, id))).toHaveLength(1);
  });
});
