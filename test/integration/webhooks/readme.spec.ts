import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { freePort } from '../../../src/net/free-port.js';
import { signatureHeaders } from '../../../src/webhooks/signature.js';
import { waitFor } from '../../support/wait-for.js';

const ROOT = join(__dirname, '../../..');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

/** Laid out otherwise than JSON.stringify does it: a receiver that parses before it verifies would not notice else. */
const BODY = '{ "type": "request.completed", "request_id": "01a1fc1c-c84f-77fd-8b9d-cb4a5fe397c6" }';

const COMPILER: ts.CompilerOptions = {
  strict: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
};

describe('the TypeScript receiver of the README', () => {
  const source = codeBlock('ts', 'standardwebhooks');
  let directory: string;
  let program: ts.Program;
  let receiver: ChildProcess;
  let printed = '';
  let url: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'halftone-readme-'));
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await writeFile(join(directory, 'package.json'), '{"type":"module"}');
    await writeFile(join(directory, 'receiver.ts'), source);
    program = ts.createProgram([join(directory, 'receiver.ts')], COMPILER);
    program.emit();

    const port = await freePort();
    url = `http://127.0.0.1:${port}/hooks/halftone`;
    receiver = spawn(process.execPath, ['receiver.js'], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRET: SECRET },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [receiver.stdout!, receiver.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await waitFor('the receiver to listen', async () => {
      if (receiver.exitCode !== null) throw new Error(`it ended with ${receiver.exitCode}: ${printed}`);
      return await fetch(url).catch(() => undefined);
    });
  });

  afterAll(async () => {
    if (receiver.exitCode === null && receiver.kill()) await once(receiver, 'exit');
    await rm(directory, { recursive: true, force: true });
  });

  it('is sound to a strict compiler', () => {
    expect(
      ts
        .getPreEmitDiagnostics(program)
        .map((found) => ts.flattenDiagnosticMessageText(found.messageText, ' ')),
    ).toEqual([]);
  });

  it('takes what is signed, also with a second secret, and works once for each webhook-id', async () => {
    expect(await post(signed([SECRET], 'evt_1'))).toBe(204);
    expect(await post(signed([OTHER_SECRET, SECRET], 'evt_1'))).toBe(204);
    expect(await post(signed([SECRET], 'evt_2'))).toBe(204);
    await waitFor('both events in its log', async () => /a new event.*a new event/s.test(printed));
    expect(printed.match(/"request_id":"01a1fc1c-c84f-77fd-8b9d-cb4a5fe397c6"/g)).toHaveLength(2);
  });

  it('refuses what is forged, altered, old, or not signed at all', async () => {
    const late = new Date(Date.now() - 6 * 60_000);
    expect(await post(signed([OTHER_SECRET], 'evt_3'))).toBe(401);
    expect(await post(signed([SECRET], 'evt_3'), BODY.replace('completed', 'failed'))).toBe(401);
    expect(await post(signed([SECRET], 'evt_3', late))).toBe(401);
    expect(await post({ 'webhook-signature': 'v1,AAAA' })).toBe(401);
    expect(await post({}, '')).toBe(401);
  });

  const post = async (headers: Record<string, string>, body = BODY): Promise<number> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    return (await fetch(url, init)).status;
  };
});

const noPython = spawnSync('python3', ['--version']).status !== 0;
const pythonName = 'the Python receiver of the README';

// oxlint-disable-next-line jest/no-disabled-tests -- not every machine has Python, and nothing else here needs it
(noPython ? describe.skip : describe)(
  noPython ? `${pythonName} (skipped: there is no python3)` : pythonName,
  () => {
    it('is sound to the compiler', () => {
      const compile = 'import sys; compile(sys.stdin.read(), "README.md", "exec")';
      const { status, stderr } = spawnSync('python3', ['-c', compile], {
        input: codeBlock('python', 'standardwebhooks'),
      });
      expect([stderr.toString(), status]).toEqual(['', 0]);
    });
  },
);

function signed(secrets: string[], id: string, at = new Date()): Record<string, string> {
  return signatureHeaders(secrets, id, at, BODY);
}

/** The README's one block in this language that holds this word. */
function codeBlock(language: string, word: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code]) => code!,
  );
  const [block, ...others] = blocks.filter((code) => code.includes(word));
  if (block === undefined || others.length > 0)
    throw new Error(`the README has ${blocks.length} such ${language} blocks`);
  return block;
}
