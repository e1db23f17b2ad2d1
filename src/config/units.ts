const MILLISECONDS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 } as const;
const BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** Milliseconds of `500ms`, `30s`, `5min` or `2h`; a bare `0` is zero. Undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, MILLISECONDS);
}

/** Bytes of `512B`, `64KiB`, `32MiB`, `1GiB` or `1TiB`; a bare number is bytes. Undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : parseQuantity(text, BYTES);
}

function parseQuantity(text: string, units: Record<string, number>): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text);
  const unit = match && Object.hasOwn(units, match[2]!) ? units[match[2]!] : undefined;
  return unit === undefined ? undefined : Math.round(Number(match![1]) * unit);
}
