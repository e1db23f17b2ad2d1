import type { Evidence, StoredObject } from './evidence.js';

export function wrongObjects(evidence: Evidence): string[] {
  const { uploads, images } = evidence;
  const objects = new Map(evidence.objects.map((object) => [object.key, object]));
  const uploadOf = new Map(uploads.map((upload) => [upload.requestId, upload]));
  const broken = images.flatMap((image) => {
    const what = `image ${image.position} of ${image.requestId}`;
    if (image.status !== 'completed')
      return image.key ? [`${what} is ${image.status}, and names an object`] : [];
    const object = objects.get(image.key ?? '');
    if (!object) return [`${what} is completed, and there is no object`];
    const { url, picture } = uploadOf.get(image.requestId)?.images[image.position] ?? {};
    if (object.picture === undefined) return [`the object of ${what} is no whole image`];
    if (object.picture !== picture)
      return [`${what} came from ${url}, and its object shows picture ${object.picture}`];
    const isAsRecorded = object.bytes === image.compressed && object.sha256 === image.sha256;
    return isAsRecorded ? [] : [`the object of ${what} is not the one that was recorded`];
  });
  return [...broken, ...orphans(evidence).map(({ key }) => `no image names the object ${key}`)];
}

/** Objects that no image names. */
export function orphans({ images, objects }: Evidence): StoredObject[] {
  const named = new Set(images.flatMap(({ status, key }) => (status === 'completed' && key ? [key] : [])));
  return objects.filter(({ key }) => !named.has(key));
}
