import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoClient } from './demo-client.js';
import type { DemoSettings } from './demo-settings.js';
import { imageTable } from './demo-table.js';
import { firstLines } from './demo-text.js';
import { surprises } from './demo-verdict.js';

const PREVIEW_LINES = 3;

/** Shows what became of a finished request and keeps its output CSV. Throws when an image went otherwise than expected. */
export async function reportResults(
  client: DemoClient,
  requestId: string,
  settings: DemoSettings,
): Promise<void> {
  const images = await client.images(requestId);
  console.log(`\n${imageTable(images)}\n`);

  const csv = await client.outputCsv(requestId);
  const csvPath = join(settings.dataDir, `output_${requestId}.csv`);
  await writeFile(csvPath, csv);
  console.log(`${firstLines(csv, PREVIEW_LINES)}\n`);
  console.log(`Output CSV  ${csvPath}\nImages      ${settings.storage}, below ${requestId}/`);

  const unexpected = surprises(images);
  if (unexpected.length > 0) throw new Error(`Not as expected:\n  ${unexpected.join('\n  ')}`);
}

/** What to try next, as lines for a shell. */
export function nextSteps(requestId: string, { publicUrl, apiKey }: DemoSettings): string {
  const curl = apiKey === undefined ? 'curl' : 'curl -H "Authorization: Bearer $API_KEY"';
  return `
To go on:
  npm start                                       then see ${publicUrl}/docs
  ${curl} ${publicUrl}/api/status/${requestId}
  ${curl} -F file=@YOUR.csv ${publicUrl}/api/upload

To send samples/products.csv yourself, its images must be served, on this machine:
  node dist/samples/serve-images.js
  ALLOW_PRIVATE_ADDRESSES=true npm start
  ${curl} -F file=@samples/products.csv ${publicUrl}/api/upload`;
}
