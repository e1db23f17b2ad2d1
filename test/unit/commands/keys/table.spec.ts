import type { ApiKey } from '../../../../src/auth/api-key.entity.js';
import { isLive, tableOfKeys } from '../../../../src/commands/keys/table.js';

const NOW = new Date('2026-11-21T12:00:00.000Z');

function key(own: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'key_0123456789abcdef',
    name: 'shop',
    ownerId: 'shop',
    hash: Buffer.alloc(32, 0xab),
    scopes: ['requests:write', 'requests:read'],
    seeded: false,
    createdAt: new Date('2026-11-20T09:30:59.999Z'),
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...own,
  };
}

describe('the table of keys', () => {
  it('has a line of each, in columns, and no hash', () => {
    const keys = [
      key(),
      key({
        id: 'key_1',
        name: 'a-long-name',
        ownerId: 'default',
        lastUsedAt: new Date('2026-11-21T11:59:00Z'),
      }),
      key({
        name: 'old',
        revokedAt: new Date('2026-11-20T10:00:00Z'),
        expiresAt: new Date('2026-11-20T12:00:00Z'),
      }),
      key({ name: 'late', scopes: ['webhooks:manage'], expiresAt: NOW }),
    ];
    expect(tableOfKeys(keys, NOW).split('\n')).toEqual([
      'ID                    NAME         OWNER    SCOPES                        CREATED           EXPIRES           LAST USED         STATE',
      'key_0123456789abcdef  shop         shop     requests:write,requests:read  2026-11-20 09:30  -                 -                 live',
      'key_1                 a-long-name  default  requests:write,requests:read  2026-11-20 09:30  -                 2026-11-21 11:59  live',
      'key_0123456789abcdef  old          shop     requests:write,requests:read  2026-11-20 09:30  2026-11-20 12:00  -                 revoked 2026-11-20 10:00',
      'key_0123456789abcdef  late         shop     webhooks:manage               2026-11-20 09:30  2026-11-21 12:00  -                 expired',
    ]);
  });

  it('says what it means that there are none', () => {
    expect(tableOfKeys([], NOW)).toBe(
      'There are no keys. The first one closes the API: npm run keys -- create NAME',
    );
  });
});

describe('isLive', () => {
  it('until the moment that the key expires or is revoked', () => {
    expect(isLive(key(), NOW)).toBe(true);
    expect(isLive(key({ expiresAt: new Date(NOW.getTime() + 1) }), NOW)).toBe(true);
    expect(isLive(key({ expiresAt: NOW }), NOW)).toBe(false);
    expect(isLive(key({ revokedAt: NOW }), NOW)).toBe(false);
  });
});
