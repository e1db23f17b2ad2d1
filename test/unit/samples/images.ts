import type { ImageStatus } from '../../../samples/demo-client.js';

/** An image of the API's list that was compressed from 91,034 to 30,112 bytes, unless told otherwise. */
export function imageStatus(name: string, changes: Partial<ImageStatus> = {}): ImageStatus {
  return {
    input_url: `http://127.0.0.1:4300/images/${name}`,
    status: 'completed',
    original_size: 91_034,
    compressed_size: 30_112,
    kept_original: false,
    error: null,
    ...changes,
  };
}

export function failedImage(name: string, code: string): ImageStatus {
  return imageStatus(name, {
    status: 'failed',
    original_size: null,
    compressed_size: null,
    error: { code, detail: 'It did not work.' },
  });
}
