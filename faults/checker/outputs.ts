import type { Evidence } from './evidence.js';
import { imagesByRequest } from './images.js';

/** URLs of ours hold no comma, so that an empty place between two commas is an image that failed. */
const SEPARATOR = ',';

export function wrongOutputs({ uploads, images, outputs }: Evidence): string[] {
  const rows = imagesByRequest(images);
  return uploads.flatMap(({ name, requestId, images: expected }) => {
    const output = outputs.get(requestId ?? '');
    if (!output) return [];
    const [header = [], ...products] = output;
    const [input, answer] = ['Input Image Urls', 'Output Image Urls'].map((column) => header.indexOf(column));
    const inputs = products.flatMap((cells) => cells[input!]!.split(SEPARATOR));
    const answers = products.flatMap((cells) => cells[answer!]!.split(SEPARATOR));
    if (inputs.join() !== expected.map(({ url }) => url).join())
      return [`the output of ${name} has other input URLs`];
    if (answers.length !== inputs.length)
      return [`the output of ${name} has ${answers.length} answers to ${inputs.length} URLs`];
    return (rows.get(requestId!) ?? []).flatMap(({ position, key }) => {
      const given = answers[position]!;
      const isRight = key === null ? given === '' : given.endsWith(`/files/${key}`);
      return isRight
        ? []
        : [`the output of ${name} answers URL ${position} with "${given}", its object is ${key}`];
    });
  });
}
