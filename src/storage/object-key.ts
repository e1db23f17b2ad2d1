import { randomBytes } from 'node:crypto';
import { readableName } from './readable-name.js';

/** What an object can be: its content type by the extension of its key. */
export const OBJECT_TYPES = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
  tiff: 'image/tiff',
} as const;

export type ObjectExtension = keyof typeof OBJECT_TYPES;

const REQUEST_ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const FILE_NAME = `\\d{1,8}-[0-9a-f]{32}-(?<name>[a-z0-9][a-z0-9_-]{0,59})`;
const EXTENSION = `(?<extension>${Object.keys(OBJECT_TYPES).join('|')})`;
const KEY = new RegExp(`^${REQUEST_ID}/${FILE_NAME}\\.${EXTENSION}$`);
const PREFIX = new RegExp(`^${REQUEST_ID}/$`);

/**
 * The name of a new object: `{request_id}/{position}-{32 hex digits of 128 random bits}-{name}.{extension}`. Every
 * call gives another one, so an object is never overwritten, cannot be guessed and may be cached for ever.
 */
export function objectKey(of: {
  requestId: string;
  position: number;
  sourceUrl: string;
  extension: ObjectExtension;
  random?: string;
}): string {
  const random = of.random ?? randomBytes(16).toString('hex');
  return `${of.requestId}/${of.position}-${random}-${readableName(of.sourceUrl)}.${of.extension}`;
}

/** The parts of a key; undefined for every text that `objectKey` cannot have made, however it is spelled. */
export function parseObjectKey(key: string): { fileName: string; contentType: string } | undefined {
  const { name, extension } = KEY.exec(key)?.groups ?? {};
  if (name === undefined) return undefined;
  return { fileName: `${name}.${extension}`, contentType: OBJECT_TYPES[extension as ObjectExtension] };
}

/** Whether the text is a request's id and a slash: what all keys of that request begin with. */
export function isObjectPrefix(prefix: string): boolean {
  return PREFIX.test(prefix);
}

/** The position of the image that a key was made for. */
export function positionOf(key: string): number {
  return Number.parseInt(key.slice(key.indexOf('/') + 1), 10);
}
