import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { CATALOGUE_IMAGES } from './catalogue.js';

const CONTENT_TYPES: Record<string, string> = {
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

export interface ImageServer {
  /** Such as `http://127.0.0.1:4300`; the images are below `/images/`. */
  url: string;
  close(): Promise<void>;
}

/** Serves the catalogue's images on loopback, on a free port when `port` is 0. Rejects when the port is taken. */
export async function startImageServer(port: number): Promise<ImageServer> {
  // Only names that were listed are ever opened, so no path can lead out of the directory.
  const names = new Set(await readdir(CATALOGUE_IMAGES));
  const server = createServer((request, response) => {
    const name = /^\/images\/([^?]+)/.exec(request.url ?? '')?.[1];
    if (name === undefined || !names.has(name)) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('No such image\n');
      return;
    }
    response.setHeader('content-type', CONTENT_TYPES[extname(name)] ?? 'application/octet-stream');
    // A client that hangs up is no fault of the server: nothing to report.
    pipeline(createReadStream(join(CATALOGUE_IMAGES, name)), response, () => {});
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
