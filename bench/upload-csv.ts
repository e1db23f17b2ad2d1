/** Characters that are sent at once. */
const PIECE = 65_536;

/** URLs of some 80 characters, as shops have them; nobody is asked for these. */
const shopUrl = (row: number): string =>
  `https://images.shop.example/catalogue/2026/products/${String(row).padStart(9, '0')}/front-large.jpg`;

/** Uploads a CSV of so many rows with one image each, made while it is sent; gives the request's id. Throws when it is refused. */
export async function uploadRows(apiUrl: string, rows: number, urlOf = shopUrl): Promise<string> {
  const response = await fetch(`${apiUrl}/api/upload`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: ReadableStream.from(pieces(rows, urlOf)),
    duplex: 'half',
  });
  const body = (await response.json()) as { request_id: string; detail?: string };
  if (response.status !== 202) throw new Error(`upload: ${response.status} ${body.detail}`);
  return body.request_id;
}

function* pieces(rows: number, urlOf: (row: number) => string): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = 'S. No.,Product Name,Input Image Urls\n';
  for (let row = 1; row <= rows; row += 1) {
    text += `${row},Product ${row},${urlOf(row)}\n`;
    if (text.length < PIECE) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}
