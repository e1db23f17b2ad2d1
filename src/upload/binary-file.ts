/** The file is no text at all. `message` says what it seems to be and how to save it as CSV. */
export class NotText extends Error {}

/** How binary files begin, in hexadecimal. */
const SIGNATURES = [
  { start: '504b03', kind: 'an Excel workbook (.xlsx) or a ZIP archive' },
  { start: 'd0cf11e0', kind: 'an old Excel workbook (.xls)' },
  { start: '255044462d', kind: 'a PDF' },
  { start: '1f8b', kind: 'a gzip archive' },
  { start: 'ffd8ff', kind: 'a JPEG image' },
  { start: '89504e47', kind: 'a PNG image' },
  { start: '47494638', kind: 'a GIF image' },
];

/**
 * Text has next to no control characters, random bytes 10 % of them. A stray NUL in a text is told by its line instead,
 * and where there is none the file may well be stored, however odd its characters.
 */
const MAX_CONTROL_SHARE = 0.05;

/** Throws NotText when a file that begins with these bytes is not text. UTF-16 is text if it has a byte order mark. */
export function refuseBinary(head: Uint8Array, hasByteOrderMark: boolean): void {
  const hex = Buffer.from(head.subarray(0, 8)).toString('hex');
  const known = SIGNATURES.find(({ start }) => hex.startsWith(start));
  if (known) throw notText(known.kind);
  const isText =
    hasByteOrderMark || !head.includes(0) || countControls(head) <= head.length * MAX_CONTROL_SHARE;
  if (!isText) throw notText('a binary file');
}

function notText(kind: string): NotText {
  return new NotText(
    `The file is ${kind}, not a CSV. Save the table as CSV in UTF-8 ` +
      '(in Excel: File, Save As, "CSV UTF-8 (Comma delimited)") and send that file.',
  );
}

/** Bytes below the space that no text editor writes: TAB, the line ends and the form feed are not counted. */
function countControls(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte < 32 && (byte < 9 || byte > 13)) count++;
  return count;
}
