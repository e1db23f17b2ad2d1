import { BEHAVIOURS, type BehaviourName } from './behaviours.js';
import type { Origin } from './origin.js';
import { PICTURES } from './pictures.js';

/** One image URL of an upload, and what must become of it. */
export interface ExpectedImage {
  url: string;
  /** Of the picture that is behind the URL. */
  picture: number;
  ends: string;
}

/** A CSV that was, or is being, uploaded; the answer to it comes later. */
export interface Upload {
  /** Of the endpoint, too. */
  name: string;
  idempotencyKey: string;
  csv: string;
  /** By position; products have one to three of them, in order. */
  images: ExpectedImage[];
  /** Undefined until the upload is answered. */
  requestId: string | undefined;
  /** What its webhooks may be signed with; none when it asked for no webhook. */
  secrets: string[];
  /** `gone`: removed, with all that belongs to it. */
  fate: 'finished' | 'cancelled' | 'gone';
  /** Its endpoint need not have heard of everything, for example because it answered 410. */
  mayMissEvents: boolean;
}

/** A catalogue with an image for each of the behaviours, in their order. */
export function makeUpload(name: string, behaviours: BehaviourName[], origin: Origin): Upload {
  const images = behaviours.map((behaviour, position) => {
    const picture = position % PICTURES;
    return { url: origin.url(behaviour, name, picture), picture, ends: BEHAVIOURS[behaviour].ends };
  });
  return {
    name,
    idempotencyKey: `faults-${name}`,
    csv: csvOf(images.map(({ url }) => url)),
    images,
    requestId: undefined,
    secrets: [],
    fate: 'finished',
    mayMissEvents: false,
  };
}

function csvOf(urls: string[]): string {
  const lines = ['S. No.,Product Name,Input Image Urls'];
  for (let at = 0, row = 1; at < urls.length; row += 1) {
    const size = 1 + (row % 3);
    lines.push(`${row},Product ${row},"${urls.slice(at, at + size).join(',')}"`);
    at += size;
  }
  return lines.join('\n');
}
