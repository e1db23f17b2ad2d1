import { newId } from '../../../src/webhooks/prefixed-id.js';

describe('newId', () => {
  it('is the prefix and a UUIDv7 in hex, without a dot', () => {
    expect(newId('evt')).toMatch(/^evt_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  });

  it('sorts by its time and never repeats', () => {
    const ids = Array.from({ length: 1000 }, () => newId('dlv'));
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });
});
