import { haveSameHeader } from '../../../src/processing/image-compressor.js';
import { animation, photo } from '../../support/pictures.js';

describe('a stripped image is not kept', () => {
  it.each([
    ['format', () => photo().jpeg(), () => photo().png()],
    ['size', () => photo().jpeg(), () => photo(240, 320).jpeg()],
    ['colours', () => photo().jpeg(), () => photo().toColourspace('b-w').jpeg()],
    ['profile', () => photo().jpeg(), () => photo().withIccProfile('p3').jpeg()],
    ['orientation', () => photo().jpeg(), () => photo().withMetadata({ orientation: 6 }).jpeg()],
    ['transparency', () => photo().png(), () => photo().ensureAlpha().png()],
  ])('when its %s is another one', async (_, one, other) => {
    const [a, b] = await Promise.all([one().toBuffer(), other().toBuffer()]);

    expect(await haveSameHeader(a, a)).toBe(true);
    expect(await haveSameHeader(a, b)).toBe(false);
  });

  it('when its frames, their timing or the loop are others', async () => {
    const image = await animation('gif', { delays: [100, 200], loop: 2 });
    const others = [
      { delays: [100, 200, 300], loop: 2 },
      { delays: [100, 300], loop: 2 },
      { delays: [100, 200], loop: 3 },
    ];

    expect(await haveSameHeader(image, image)).toBe(true);
    for (const other of others) {
      expect(await haveSameHeader(image, await animation('gif', other))).toBe(false);
    }
  });

  it('when it is none', async () => {
    expect(await haveSameHeader(Buffer.from('none'), await photo().jpeg().toBuffer())).toBe(false);
  });

  it('but not when only one says that it is upright', async () => {
    const said = await photo().withMetadata({ orientation: 1 }).withIccProfile('p3').jpeg().toBuffer();
    const unsaid = await photo().withIccProfile('p3').jpeg().toBuffer();

    expect(await haveSameHeader(said, unsaid)).toBe(true);
  });
});
