import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((directory) => NAMES.map((name) => join(directory, name)))
  .find((path) => existsSync(path));

/** What the tests that need a browser are run with: `describe` where there is a Chromium, else a skip that says why. */
export function describeWithChromium(name: string, tests: () => void): void {
  if (executablePath) describe(name, tests);
  // oxlint-disable-next-line jest/no-disabled-tests -- a fresh machine may have no browser; CI installs one and fails without
  else describe.skip(`${name} (skipped: install chromium to run it)`, tests);
}

/** A browser without a window, to be closed. As root Chromium starts without its own sandbox only. */
export function launchChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}
