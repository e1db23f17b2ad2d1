const BENCHMARKS: Record<string, () => Promise<{ run: () => Promise<void> }>> = {
  deliveries: () => import('./deliveries.js'),
};

const [name = ''] = process.argv.slice(2);
const load = BENCHMARKS[name];
if (load) {
  await (await load()).run();
} else {
  console.error(`Usage: npm run bench -- NAME, with one of: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exitCode = 2;
}
