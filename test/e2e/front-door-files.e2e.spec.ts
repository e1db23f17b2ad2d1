import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { objectKey, type ObjectExtension } from '../../src/storage/object-key.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { startOrigin, type Origin } from '../support/origin.js';
import { photo } from '../support/pictures.js';
import { startService, type TestService } from '../support/service.js';

/** Worse than anything that compression lets through: the stored bytes themselves are what the attacker sent. */
describeWithChromium('a stored file that is a page or a script', () => {
  let service: TestService;
  let browser: Browser;
  let jpeg: Buffer;
  let page: Page;
  /** Another site, which tells when a script ran. */
  let site: Origin;

  beforeAll(async () => {
    service = await startService({ APP_MODE: 'api' });
    browser = await launchChromium();
    jpeg = await photo().jpeg().toBuffer();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });
  beforeEach(async () => {
    site = await startOrigin();
    page = await browser.newPage();
  });
  afterEach(async () => {
    await page.close();
    await site.close();
  });

  const script = (): string => `fetch(${JSON.stringify(site.url('/ran'))}, { mode: 'no-cors' });`;
  const html = (): string =>
    `<html><body onload="this.loaded = 1"><script>${script()}</script></body></html>`;

  async function store(extension: ObjectExtension, bytes: Buffer | string): Promise<string> {
    const key = objectKey({
      requestId: randomUUID(),
      position: 0,
      sourceUrl: 'https://x.example/a',
      extension,
    });
    const path = join(service.dataDir, 'files', key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return `${service.env.publicUrl}/files/${key}`;
  }

  const files: [string, ObjectExtension, () => Buffer | string][] = [
    ['a page', 'jpg', html],
    ['a page behind a picture', 'jpg', () => Buffer.concat([jpeg, Buffer.from(html())])],
    ['a script that begins like a GIF', 'gif', () => `GIF89a=1;${script()}`],
    ['an SVG', 'png', () => `<svg xmlns="http://www.w3.org/2000/svg"><script>${script()}</script></svg>`],
  ];

  it.each(files)('%s runs nothing when somebody opens it', async (_what, extension, bytesOf) => {
    const url = await store(extension, bytesOf());
    const answer = await page.goto(url, { waitUntil: 'networkidle' });
    expect(answer!.status()).toBe(200);
    await page.goto(`${url}?x=.html`, { waitUntil: 'networkidle' });
    expect(site.hits('/ran')).toBe(0);
  });

  it.each(files)('%s runs nothing in a page of another site', async (_what, extension, bytesOf) => {
    const url = await store(extension, bytesOf());
    site.serve('/', {
      headers: { 'content-type': 'text/html' },
      body: `<script src="${url}"></script><script type="module" src="${url}"></script>
        <iframe src="${url}"></iframe><object data="${url}" type="text/html"></object>
        <embed src="${url}" type="image/svg+xml"><link rel="stylesheet" href="${url}"><img src="${url}">`,
    });
    await page.goto(site.url('/'), { waitUntil: 'networkidle' });
    expect(site.hits('/')).toBe(1);
    expect(site.hits('/ran')).toBe(0);
  });

  // What the tests above would see if our headers did not hold.
  it.each([
    ['a page', 'text/html', html],
    ['a page behind a picture', 'text/html', () => Buffer.concat([jpeg, Buffer.from(html())])],
    ['an SVG', 'image/svg+xml', files[3]![2]],
  ])('%s does run where a server says that it is %s', async (_what, type, bytesOf) => {
    site.serve('/file', { headers: { 'content-type': type }, body: bytesOf() });
    await page.goto(site.url('/file'), { waitUntil: 'networkidle' });
    expect(site.hits('/ran')).toBe(1);
  });

  it('is shown by another site as the picture that it is', async () => {
    const url = await store('jpg', jpeg);
    site.serve('/', { headers: { 'content-type': 'text/html' }, body: `<img src="${url}">` });
    await page.goto(site.url('/'), { waitUntil: 'networkidle' });
    expect(await page.evaluate('document.images[0].naturalWidth')).toBe(320);
  });
});
