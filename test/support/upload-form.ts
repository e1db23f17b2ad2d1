export const HEADER = 'S. No.,Product Name,Input Image Urls';

/** Two products with three images, on hosts that nobody asks for them. */
export const CSV = `${HEADER}\n1,SKU1,"https://shop.example/1.jpg,https://shop.example/2.jpg"\n2,SKU2,https://shop.example/3.jpg\n`;

/** Where the file stands among the fields of a form. */
export const FILE = 'file';

/** A form of an upload: its fields, each written `name=value`, and its file, in this order. */
export function formOf(parts: string[], csv: string | Buffer = CSV, fileName = 'products.csv'): FormData {
  const form = new FormData();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (part === FILE) form.append('file', new Blob([csv]), fileName);
    else form.append(part.slice(0, equals), part.slice(equals + 1));
  }
  return form;
}

/** A form of one part, written by hand: the head of the part and what it holds. */
export function handmadeForm(partHead: string, content: string): { body: string; type: string } {
  return {
    body: ['--boundary', partHead, '', content, '--boundary--', ''].join('\r\n'),
    type: 'multipart/form-data; boundary=boundary',
  };
}
