import { v7 as uuidv7 } from 'uuid';

/** `evt`: an event, `dlv`: a delivery, `whk`: an endpoint. */
export type IdPrefix = 'evt' | 'dlv' | 'whk';

/** A new id such as `evt_0199…`: it holds no dot, which would split the signed text, and ids sort by their time. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidv7().replaceAll('-', '')}`;
}

export function isPrefixedId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length + 1));
}
