import { imageTable } from '../../../samples/demo-table.js';
import { failedImage, imageStatus } from './images.js';

describe('imageTable', () => {
  it('lines up sizes, savings and outcomes, and totals what was compressed', () => {
    const table = imageTable([
      imageStatus('bowl.jpg'),
      imageStatus('seal.png', { original_size: 800, compressed_size: 800, kept_original: true }),
      failedImage('discontinued.jpg', 'http_404'),
    ]);
    expect(table).toBe(
      [
        'Image              Before    After  Saved  Status',
        '────────────────  ───────  ───────  ─────  ────────────────────────',
        'bowl.jpg          91.0 kB  30.1 kB   67 %  completed',
        'seal.png            800 B    800 B    0 %  completed, original kept',
        'discontinued.jpg        –        –      –  http_404',
        '────────────────  ───────  ───────  ─────  ────────────────────────',
        '3 images          91.8 kB  30.9 kB   66 %  2 completed, 1 not',
      ].join('\n'),
    );
  });

  it('has no savings to tell when nothing was compressed', () => {
    expect(
      imageTable([failedImage('a.jpg', 'timeout')])
        .split('\n')
        .at(-1),
    ).toMatch(/0 B\s+0 B\s+–\s+0 completed, 1 not$/);
  });
});
