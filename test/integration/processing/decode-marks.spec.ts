import { DecodeMarks } from '../../../src/processing/decode-marks.js';
import { ImageError } from '../../../src/processing/image-error.js';
import { waitFor } from '../../support/wait-for.js';
import { Workbench } from './workbench.js';

let bench: Workbench;
let marks: DecodeMarks;
const never = new AbortController().signal;
let image: { requestId: string; position: number };

beforeAll(async () => {
  bench = await Workbench.open();
  marks = new DecodeMarks(bench.dataSource);
});
afterAll(() => bench.close());
beforeEach(async () => {
  image = { requestId: await bench.insertRequest(2, 2), position: 1 };
});

const marksNow = async () => (await bench.images(image.requestId)).map(({ decodeMarks }) => decodeMarks);

/** As the database is left by processes that died in the middle of this decode. */
const dieWhileDecoding = async (times: number) => {
  await bench.rows(
    `UPDATE product_image SET decode_marks = decode_marks + ${times} WHERE request_id = $1 AND position = 1`,
    [image.requestId],
  );
};

it('marks the image, and it alone, for as long as it is decoded', async () => {
  const decode = async () => {
    expect(await marksNow()).toEqual([0, 1]);
    return 'a picture';
  };
  expect(await marks.during(image, never, decode)).toBe('a picture');
  expect(await marksNow()).toEqual([0, 0]);
});

it('takes the mark away when the decoder says no: the process has survived', async () => {
  const error = new ImageError('corrupt_image', 'It is broken.');
  await expect(marks.during(image, never, () => Promise.reject(error))).rejects.toBe(error);
  expect(await marksNow()).toEqual([0, 0]);
});

it('tries again what a process died of once', async () => {
  await dieWhileDecoding(1);
  expect(await marks.during(image, never, async () => marksNow())).toEqual([0, 2]);
});

it('gives up at the third mark, without another try', async () => {
  await dieWhileDecoding(2);
  const decode = jest.fn();
  await expect(marks.during(image, never, decode)).rejects.toMatchObject({
    code: 'decoder_crash',
    transient: false,
  });
  expect(decode).not.toHaveBeenCalled();
});

it('takes the mark away when the process has to end and the decoder takes its time', async () => {
  const aborting = new AbortController();
  let end!: () => void;
  const decoding = marks.during(
    image,
    aborting.signal,
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  await waitFor('the mark', async () => (await marksNow())[1] === 1);
  aborting.abort();
  await waitFor('no mark', async () => (await marksNow())[1] === 0);
  end();
  await decoding;
  expect(await marksNow()).toEqual([0, 0]);
});
