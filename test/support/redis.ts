/** What the tests that need a Redis are run on: `describe` with TEST_REDIS_URL, else a skip that says why. */
export function describeWithRedis(name: string, tests: (redisUrl: string) => void): void {
  const url = process.env.TEST_REDIS_URL;
  if (url) describe(name, () => tests(url));
  // oxlint-disable-next-line jest/no-disabled-tests -- a fresh machine has no Redis; CI sets the variable and fails without
  else describe.skip(`${name} (skipped: set TEST_REDIS_URL=redis://… to run it)`, () => tests(''));
}
