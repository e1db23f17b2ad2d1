import { encodeCursor } from '../src/requests/cursor.js';

/** One kind of call. */
export interface ReadCall {
  name: string;
  url: string;
  firstByte: boolean;
}

/** What callers ask about a request with so many images. */
export function readCalls(apiUrl: string, requestId: string, images: number): ReadCall[] {
  const of = `${apiUrl}/api/requests/${requestId}`;
  const whole = (name: string, url: string): ReadCall => ({ name, url, firstByte: false });
  return [
    whole('status', `${apiUrl}/api/status/${requestId}`),
    whole('status without products', `${apiUrl}/api/status/${requestId}?products=false`),
    whole('list of requests', `${apiUrl}/api/requests`),
    whole('images, first page', `${of}/images`),
    whole('images, deep page', `${of}/images?cursor=${encodeCursor(Math.floor(images * 0.9))}`),
    whole('images, completed', `${of}/images?status=completed`),
    {
      name: 'download, first byte',
      url: `${apiUrl}/api/download/${requestId}?partial=true`,
      firstByte: true,
    },
  ];
}
