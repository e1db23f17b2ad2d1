/** EXIF that tells how the picture is turned (1 to 8) and nothing else: no place, no camera, no thumbnail. */
export function orientationExif(orientation: number): Buffer {
  const exif = Buffer.alloc(26);
  exif.write('II*\0', 'latin1');
  exif.writeUInt32LE(8, 4); // where the directory is
  exif.writeUInt16LE(1, 8); // its one entry
  exif.writeUInt16LE(0x0112, 10);
  exif.writeUInt16LE(3, 12); // of 16 bits
  exif.writeUInt32LE(1, 14);
  exif.writeUInt16LE(orientation, 18);
  return exif;
}
