/** `npm run sbom`: the packages that production installs, on all platforms, as CycloneDX JSON on the standard output. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const DEVELOPMENT = 'cdx:npm:package:development';

// Without `--omit dev`, which leaves out what a development tool needs too, pg and rxjs among them (npm 11.19). What is
// for development alone says so. npm names the root after its directory.
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const output = execFileSync(process.execPath, [process.env.npm_execpath, ...args], {
  maxBuffer: 64 * 1024 ** 2,
});
const sbom = JSON.parse(output.toString());

sbom.metadata.component.name = JSON.parse(readFileSync('package.json', 'utf8')).name;
sbom.components = sbom.components.filter(({ properties }) =>
  properties.every(({ name }) => name !== DEVELOPMENT),
);
const kept = new Set([sbom.metadata.component, ...sbom.components].map((component) => component['bom-ref']));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
process.stdout.write(`${JSON.stringify(sbom, undefined, 2)}\n`);
