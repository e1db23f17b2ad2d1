import { createHash } from 'node:crypto';
import type { Spool } from './spool.js';
import type { UploadOptions } from './upload-options.dto.js';
import { givenWrongly } from './upload-problems.js';

const HEADER = 'Idempotency-Key';
/** What a key can be: printable ASCII. */
const KEY = /^[\x20-\x7e]{1,255}$/;
/** A string of structured fields (RFC 9651), as the draft of the header has it; many clients send the bare value. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The key in the header's values, with or without quotes; undefined without the header. Several headers are several values:
 * Node would join them with a comma, which a key may hold too. Throws a 422 that names it.
 */
export function readIdempotencyKey(headers: string[] = []): string | undefined {
  const [header, ...others] = headers;
  if (others.length > 0) throw givenWrongly(HEADER, `"${HEADER}" is given more than once.`);
  if (header === undefined) return undefined;
  const key = header.startsWith('"') ? QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1') : header;
  if (key !== undefined && KEY.test(key)) return key;
  throw givenWrongly(
    HEADER,
    `"${HEADER}" must be 1 to 255 printable ASCII characters, with quotes around them or without any.`,
  );
}

/** Of all that an upload asks for, in hex: the options as parsed, in whatever order they came, and the file's bytes. */
export function fingerprintOf(options: UploadOptions, { sha256 }: Pick<Spool, 'sha256'>): string {
  const { validate_only: _, webhook_url, ...others } = options;
  // An empty one is none.
  const asked = { ...others, webhook_url: webhook_url || undefined, file: sha256 };
  // The list of names also sets their order.
  const canonical = JSON.stringify(asked, Object.keys(asked).toSorted());
  return createHash('sha256').update(canonical).digest('hex');
}
