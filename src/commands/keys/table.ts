import type { ApiKey } from '../../auth/api-key.entity.js';

const HEADER = ['ID', 'NAME', 'OWNER', 'SCOPES', 'CREATED', 'EXPIRES', 'LAST USED', 'STATE'];

/** The keys as lines with columns of equal width. */
export function tableOfKeys(keys: ApiKey[], now: Date): string {
  if (keys.length === 0)
    return 'There are no keys. The first one closes the API: npm run keys -- create NAME';
  const rows = [HEADER, ...keys.map((key) => cellsOf(key, now))];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const isLive = ({ expiresAt, revokedAt }: ApiKey, now: Date): boolean =>
  !revokedAt && (expiresAt === null || expiresAt > now);

function cellsOf(key: ApiKey, now: Date): string[] {
  return [
    key.id,
    key.name,
    key.ownerId,
    key.scopes.join(','),
    minuteOf(key.createdAt),
    minuteOf(key.expiresAt),
    minuteOf(key.lastUsedAt),
    key.revokedAt ? `revoked ${minuteOf(key.revokedAt)}` : isLive(key, now) ? 'live' : 'expired',
  ];
}

const minuteOf = (date: Date | null): string => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '-';
