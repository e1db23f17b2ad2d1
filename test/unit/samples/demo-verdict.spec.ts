import { BROKEN_IMAGE } from '../../../samples/catalogue.js';
import { surprises } from '../../../samples/demo-verdict.js';
import { failedImage, imageStatus } from './images.js';

describe('surprises', () => {
  it('finds none when only the broken URL was not found', () => {
    expect(surprises([imageStatus('bowl.jpg'), failedImage(BROKEN_IMAGE, 'http_404')])).toEqual([]);
  });

  it('names any other image that failed, and why', () => {
    expect(
      surprises([failedImage('bowl.jpg', 'corrupt_image'), failedImage(BROKEN_IMAGE, 'http_404')]),
    ).toEqual(['bowl.jpg is failed (corrupt_image: It did not work.)']);
  });

  it.each([failedImage(BROKEN_IMAGE, 'timeout'), imageStatus(BROKEN_IMAGE)])(
    'wants the broken URL to be not found, nothing else',
    (image) => {
      expect(surprises([image])).toHaveLength(1);
    },
  );
});
