// JPEGs as sharp does not write them. They are given one as it does: without JFIF, and in one scan.

/** With JFIF at the front, 300 dots an inch, and a thumbnail of one pixel in it. */
export function withThumbnail(jpeg: Buffer): Buffer {
  const jfif = Buffer.from('\xff\xe0\0\x13JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\x01\x01pix', 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), jfif, jpeg.subarray(2)]);
}

/** With its three components called R, G and B: that is what they are, unless JFIF says otherwise. */
export function withNamedComponents(jpeg: Buffer): Buffer {
  const named = Buffer.from(jpeg);
  const frame = named.indexOf('\xff\xc0', 0, 'latin1') + 10;
  const scan = named.indexOf('\xff\xda', 0, 'latin1') + 5;
  ['R', 'G', 'B'].forEach((name, index) => {
    named.write(name, frame + 3 * index, 'latin1');
    named.write(name, scan + 2 * index, 'latin1');
  });
  return named;
}
