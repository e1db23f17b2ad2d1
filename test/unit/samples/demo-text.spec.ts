import { firstLines, formatBytes, progressText } from '../../../samples/demo-text.js';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [8_573_000, '8.6 MB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('progressText', () => {
  const status = { status: 'processing', image_count: 35, bytes: { input: 4_200_000, output: 1_400_000 } };

  it('draws the bar and counts failed images as dealt with', () => {
    expect(progressText({ ...status, counts: { pending: 17 }, progress: 51.4 })).toBe(
      '████████████░░░░░░░░░░░░  51 %  18 of 35 images, 4.2 MB → 1.4 MB',
    );
  });

  it('is full only at the end', () => {
    expect(progressText({ ...status, counts: { pending: 1 }, progress: 99.9 })).toMatch(/^█{23}░ {2}99 %/);
    expect(progressText({ ...status, counts: { pending: 0 }, progress: 100 })).toMatch(/^█{24} 100 %/);
  });
});

describe('firstLines', () => {
  it('takes so many lines, and says that there are more', () => {
    expect(firstLines('S. No.,Name\r\n1,Ceramic Bowl\r\n2,Djembe\r\n', 2)).toBe(
      'S. No.,Name\n1,Ceramic Bowl\n…',
    );
  });

  it('gives all of a short text', () => {
    expect(firstLines('S. No.,Name\r\n1,Djembe\r\n', 2)).toBe('S. No.,Name\n1,Djembe');
  });
});
