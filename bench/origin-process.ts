import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { filesOf } from './pictures.js';

const [hosts = '1', ...folders] = process.argv.slice(2);
const sets = await Promise.all(
  folders.map(async (folder) => Promise.all((await filesOf(folder)).map((file) => readFile(file)))),
);

/** `/{ms to wait, or never}/{set}/{picture}.jpg` */
const answer: RequestListener = ({ url }, response) => {
  const [, wait, set, file] = url!.split('/');
  if (wait === 'never') return;
  const pictures = sets[Number(set)]!;
  const picture = pictures[Number.parseInt(file!, 10) % pictures.length]!;
  const send = (): void => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length });
    response.end(picture);
  };
  if (wait === '0') send();
  else setTimeout(send, Number(wait));
};

const servers = Array.from({ length: Number(hosts) }, () =>
  createServer({ keepAliveTimeout: 60_000 }, answer),
);
for (const server of servers)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', 4096, resolve));
process.send!(servers.map((server) => (server.address() as AddressInfo).port));
