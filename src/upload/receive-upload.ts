import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Multipart, MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../errors/problem.js';
import { asUploadProblem, fileTooLarge, givenWrongly } from './upload-problems.js';
import { spool, SpoolLimitError, type Spool } from './spool.js';

/** An upload as it came in: the file on disk, and all values beside it. */
export interface ReceivedUpload {
  file: Spool;
  fileName: string | null;
  /** Form fields and query parameters, each given once, otherwise unchecked. */
  values: Record<string, unknown>;
}

/** Media types of a body that is the file itself; their parsers hand the stream through (see http/adapter.ts). */
export const FILE_MEDIA_TYPES = ['text/csv', 'application/csv', 'text/tab-separated-values', 'text/plain'];

/** Far more than there are options; busboy refuses what is above. */
const FORM_LIMITS = { fields: 32, files: 2, parts: 40, fieldSize: 16 * 1024, headerPairs: 64 };
/** What a form may have beside its file, at most: all fields, and the headers of all parts. */
const FORM_BYTES = 1024 * 1024;

/** Reads the request's body to its end, or throws a Problem and leaves nothing behind. The caller closes the file. */
export async function receiveUpload(
  request: FastifyRequest,
  directory: string,
  maxBytes: number,
): Promise<ReceivedUpload> {
  const values = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(request.query as object)) addValue(values, name, value);
  // A sender that says so is told before it has sent all of it.
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes > maxBytes + (request.isMultipart() ? FORM_BYTES : 0)) throw fileTooLarge(maxBytes);
  try {
    if (request.isMultipart()) return await receiveForm(request, values, directory, maxBytes);
    return { file: await spool(bodyOf(request), directory, maxBytes), fileName: null, values };
  } catch (error) {
    throw asUploadProblem(error, maxBytes);
  }
}

async function receiveForm(
  request: FastifyRequest,
  values: Record<string, unknown>,
  directory: string,
  maxBytes: number,
): Promise<ReceivedUpload> {
  let file: Spool | undefined;
  let fileName: string | null = null;
  try {
    const limits = { ...FORM_LIMITS, fileSize: maxBytes + 1 };
    const parts = request.parts({ isPartAFile: isFilePart, limits });
    const outgrown = moreThan(maxBytes + FORM_BYTES, request.raw);
    for (;;) {
      const { done, value: part } = await Promise.race([parts.next(), outgrown]);
      if (done) break;
      if (isFile(part)) {
        assertWantedFile(part, file !== undefined);
        fileName = part.filename || null;
        file = await spool(part.file, directory, maxBytes);
      } else {
        addField(values, part);
      }
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  if (!file) throw new Problem('file_missing', 'The form has no file; send the CSV as the field "file".');
  return { file, fileName, values };
}

/** The stream that a parser of FILE_MEDIA_TYPES handed through. */
function bodyOf({ body }: FastifyRequest): Readable {
  if (body instanceof Readable) return body;
  if (body === undefined) throw new Problem('file_missing', 'There is no body; send a form with the CSV.');
  throw new Problem('unsupported_media_type', 'JSON is no CSV; send a form, or the CSV itself as text/csv.');
}

/** Without a file name, as `form.append('file', text)` sends it, the CSV is the file all the same. */
function isFilePart(field: string | undefined, _mediaType?: string, fileName?: string): boolean {
  return field === 'file' || fileName !== undefined;
}

function isFile(part: Multipart): part is MultipartFile {
  return part.type === 'file';
}

function assertWantedFile({ fieldname }: MultipartFile, hasFile: boolean): void {
  if (fieldname !== 'file') {
    throw new Problem('file_missing', `The file came as the field "${fieldname}"; send it as "file".`);
  }
  if (hasFile) throw givenWrongly('file', 'The form has two files; send one CSV at a time.');
}

/**
 * Fails when so many bytes have come: in front of the first part, behind the last and between them nothing else counts
 * them, and the declared length need not be there.
 */
function moreThan(maxBytes: number, raw: IncomingMessage): Promise<never> {
  let bytes = 0;
  const failure = new Promise<never>((_resolve, reject) => {
    raw.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) reject(new SpoolLimitError(`more than ${maxBytes} bytes`));
    });
  });
  // Nobody may be waiting for it just then.
  failure.catch(() => undefined);
  return failure;
}

/** One that says that it is JSON was parsed; what broke off comes as a field without a value. */
function addField(values: Record<string, unknown>, { fieldname, value }: MultipartValue): void {
  if (value !== undefined && typeof value !== 'string') {
    throw givenWrongly(fieldname, `"${fieldname}" must be plain text.`);
  }
  addValue(values, fieldname, value);
}

/** A query parameter that is given twice is a list, a form field comes again. */
function addValue(values: Record<string, unknown>, name: string, value: unknown): void {
  if (name in values || Array.isArray(value)) throw givenWrongly(name, `"${name}" is given more than once.`);
  values[name] = value;
}
