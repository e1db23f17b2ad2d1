import type { Experiment } from '../experiment.js';

/** Ways to write this machine's own address, most of which look like something else. */
const hosts = [
  '127.0.0.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '127.1',
  '0',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::]',
];

export const privateAddresses: Experiment = {
  name: 'private-addresses',
  about: 'URLs that lead to this machine, in nine spellings, where private addresses are not allowed',
  house: {
    // Only the address itself is left as a reason to refuse.
    withOrigin: ({ canaryPort }) => ({ ALLOW_PRIVATE_ADDRESSES: 'false', ALLOWED_PORTS: String(canaryPort) }),
  },
  async run(house) {
    await house.start();
    const upload = house.plan('catalogue', hosts.length);
    const { canaryPort } = house.parts.origin;
    hosts.forEach((host, index) => {
      const image = upload.images[index]!;
      const url = `http://${host}:${canaryPort}/x.jpg`;
      upload.csv = upload.csv.replace(image.url, url);
      upload.images[index] = { ...image, url, ends: 'address_blocked' };
    });
    house.fault('URL of a private address', hosts.length);
    // Its receiver may not be reached either.
    await house.send(upload, false);
  },
};
