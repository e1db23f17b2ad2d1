import type { RequestOptions } from '../requests/request-options.js';
import type { OutputFormat } from './image-format.js';

/** An encoder and exactly what it is told; the numbers are sharp's. */
export type Encoder =
  | {
      format: 'jpeg';
      settings: { quality: number; optimiseCoding?: boolean; mozjpeg?: boolean; chromaSubsampling: Chroma };
    }
  | { format: 'png'; settings: { palette: boolean; quality?: number; effort?: number } }
  | { format: 'webp'; settings: { quality: number; effort: number } }
  | { format: 'avif'; settings: { quality: number; effort: number; chromaSubsampling: Chroma } }
  | { format: 'gif'; settings: { effort: number; interFrameMaxError: number } };

type Chroma = '4:2:0' | '4:4:4';
type Effort = RequestOptions['effort'];

// Behind each level: CPU milliseconds and kilobytes, means of 8 photographs of 800 × 600 pixels at quality 50, where a
// balanced JPEG takes 6 ms and 33 KB. The encoders' own defaults (7, 4, 4, 7) cost far more than they save.
const EFFORT: Record<'png' | 'webp' | 'avif' | 'gif', Record<Effort, number>> = {
  // 86 ms 191 KB, 107 ms 188 KB and visibly better, 231 ms 156 KB. Above 6 only the time grows (10: 458 ms).
  png: { fast: 1, balanced: 4, small: 6 },
  // 12 ms 30 KB, 18 ms 25 KB, 40 ms 23 KB. 3 takes as long as 4.
  webp: { fast: 0, balanced: 2, small: 4 },
  // 24 ms 24.8 KB, 63 ms 23.6 KB, 111 ms 23.3 KB. sharp's default 4 takes 1,086 ms.
  avif: { fast: 0, balanced: 1, small: 2 },
  // 186 ms 296 KB, 193 ms 295 KB and better, 411 ms 265 KB. 7 saves nothing more.
  gif: { fast: 1, balanced: 4, small: 6 },
};

// Optimised Huffman tables need a second pass, so libjpeg holds all coefficients: 6.2 bytes a pixel, 100 MB at this size,
// where the standard tables stream. They save 8 to 11 % of the bytes.
const OPTIMISED_UP_TO_PIXELS = 16_000_000;

// mozjpeg's number of equal SSIM (luma, 12 photographs), at sharp's number; straight lines between. At the same number its
// files are 27 % smaller and visibly worse; at equal SSIM it saves 2 to 7 %, for four times the CPU.
const MOZJPEG_QUALITY: [quality: number, mozjpeg: number][] = [
  [0, 0],
  [10, 17],
  [20, 31],
  [30, 45],
  [40, 57],
  [50, 64],
  [60, 71],
  [70, 78],
  [80, 85],
  [90, 92],
  [100, 100],
];

/** How an output of `pixels` pixels a frame is encoded. */
export function encoderFor(
  format: OutputFormat,
  pixels: number,
  { quality, effort }: RequestOptions,
): Encoder {
  // Half the colour resolution is invisible at low quality; who asks for 90 wants thin red lines to stay red.
  const chromaSubsampling: Chroma = quality >= 90 ? '4:4:4' : '4:2:0';
  switch (format) {
    case 'jpeg':
      if (effort === 'small') {
        return { format, settings: { quality: mozjpegQuality(quality), mozjpeg: true, chromaSubsampling } };
      }
      return {
        format,
        settings: {
          quality,
          optimiseCoding: effort === 'balanced' && pixels <= OPTIMISED_UP_TO_PIXELS,
          chromaSubsampling,
        },
      };
    case 'png':
      // 256 colours are a loss that no quality of a palette undoes; 100 means no loss.
      if (quality === 100) return { format, settings: { palette: false } };
      return { format, settings: { palette: true, quality, effort: EFFORT.png[effort] } };
    case 'webp':
      return { format, settings: { quality, effort: EFFORT.webp[effort] } };
    case 'avif':
      // 4:2:0 takes 17 to 32 % less time than sharp's default 4:4:4, for 3 % fewer bytes.
      return { format, settings: { quality, effort: EFFORT.avif[effort], chromaSubsampling } };
    case 'gif':
      // GIF has no quality: all there is to lose is the difference to the frame before, up to 8 of 255 at quality 50 (10 % of the bytes).
      return {
        format,
        settings: { effort: EFFORT.gif[effort], interFrameMaxError: Math.round((100 - quality) * 0.16) },
      };
  }
}

/** The number at which mozjpeg looks like libjpeg at `quality`. */
export function mozjpegQuality(quality: number): number {
  const next = MOZJPEG_QUALITY.findIndex(([from]) => from >= quality);
  const [q1, m1] = MOZJPEG_QUALITY[next]!;
  const [q0, m0] = MOZJPEG_QUALITY[Math.max(0, next - 1)]!;
  if (q1 === quality) return m1;
  return Math.round(m0 + ((m1 - m0) * (quality - q0)) / (q1 - q0));
}
