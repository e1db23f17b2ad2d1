/** What an image ends with that kills the process which decodes it; decoders ignore what follows a JPEG's end. */
export const POISON = Buffer.from('halftone-faults: this picture kills its decoder');
