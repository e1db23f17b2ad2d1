export const OUTPUT_FORMATS = ['same', 'jpeg', 'png', 'webp', 'avif'] as const;
export const EFFORTS = ['fast', 'balanced', 'small'] as const;

/** How the images of a request are compressed; fixed when it is accepted. */
export interface RequestOptions {
  /** 1 to 100. */
  quality: number;
  format: (typeof OUTPUT_FORMATS)[number];
  effort: (typeof EFFORTS)[number];
  /** Pixels; null leaves the size as it is. */
  maxWidth: number | null;
  maxHeight: number | null;
}
