import type { Browser, Locator, Page } from 'playwright-core';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { startService, type TestService } from '../support/service.js';

describeWithChromium('Swagger UI under its content security policy', () => {
  let service: TestService;
  let browser: Browser;
  let page: Page;
  /** What the browser complained of, and where else than to us it went. */
  let complaints: string[];

  beforeAll(async () => {
    service = await startService({ APP_MODE: 'api' });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });
  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${service.env.publicUrl}/`) && !url.startsWith('data:')) complaints.push(url);
    });
  });
  afterEach(() => page.close());

  it.each(['/docs', '/docs/'])('%s shows every operation and complains of nothing', async (path) => {
    await page.goto(service.env.publicUrl + path, { waitUntil: 'networkidle' });
    const operations = page.locator('.opblock');
    await operations.first().waitFor();
    const { paths } = await service.api.get<{ paths: Record<string, object> }>('/openapi.json');
    const count = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
    expect(await operations.count()).toBe(count);
    expect(complaints).toEqual([]);
  });

  it('sends what is tried out, and shows the answer', async () => {
    await page.goto(`${service.env.publicUrl}/docs`);
    const operation = await tryListRequests(page);
    const answer = operation.locator('.live-responses-table .response');
    await answer.waitFor();
    expect(await answer.locator('.response-col_status').textContent()).toContain('200');
    expect(await answer.locator('.response-col_description').textContent()).toContain('next_cursor');
    expect(complaints).toEqual([]);
  });

  it('sends the key that it was given', async () => {
    await page.goto(`${service.env.publicUrl}/docs`);
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const dialog = page.locator('.dialog-ux');
    await dialog.locator('input').first().fill('secret');
    await dialog.getByRole('button', { name: 'Apply credentials' }).first().click();
    await dialog.getByRole('button', { name: 'Close' }).first().click();
    const sent = page.waitForRequest(/\/api\/requests/);
    await tryListRequests(page);
    expect((await sent).headers()).toMatchObject({ authorization: 'Bearer secret' });
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('runs no script that somebody got into the page', async () => {
    await page.goto(`${service.env.publicUrl}/docs`);
    const ran = await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      'ran' in window;
    `);
    expect(ran).toBe(false);
    expect(complaints).toEqual([expect.stringContaining('Content Security Policy')]);
  });
});

/** Sends the operation from its place in the page, and gives that place. */
async function tryListRequests(page: Page): Promise<Locator> {
  const operation = page.locator('#operations-requests-listRequests');
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  return operation;
}
