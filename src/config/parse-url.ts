/**
 * The URL of a text (relative to `base`), or undefined when it is none. Not URL.canParse: once V8 has optimised it, Node
 * 20 and 22 answer false for hosts with a Latin-1 letter (`münchen.example`), after some 3,000 right answers.
 */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
