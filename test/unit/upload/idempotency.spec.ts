import { fingerprintOf, readIdempotencyKey } from '../../../src/upload/idempotency.js';
import { UploadOptions } from '../../../src/upload/upload-options.dto.js';

const FILE = { sha256: 'a'.repeat(64) };

describe('readIdempotencyKey', () => {
  it.each([
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['spring 2026, part 1', 'spring 2026, part 1'],
    ['"spring 2026, part 1"', 'spring 2026, part 1'],
    ['" a "', ' a '],
    [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
    [String.raw`a"b\c`, String.raw`a"b\c`],
    ['!~', '!~'],
    ['k'.repeat(255), 'k'.repeat(255)],
    [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
    [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ])('%s is the key %s', (header, key) => {
    expect(readIdempotencyKey([header])).toBe(key);
  });

  it('without the header there is none', () => {
    expect(readIdempotencyKey(undefined)).toBeUndefined();
    expect(readIdempotencyKey([])).toBeUndefined();
  });

  it('of two headers there is none, even if they are the same', () => {
    expect(readIdempotencyKey(['a'])).toBe('a');
    expect(() => readIdempotencyKey(['a', 'a'])).toThrow(
      expect.objectContaining({ status: 422, message: '"Idempotency-Key" is given more than once.' }),
    );
  });

  it.each([
    ['nothing', ''],
    ['nothing in quotes', '""'],
    ['a quote that does not end', '"a'],
    ['a quote alone', '"'],
    ['something after the quotes', '"a"b'],
    ['two of them', '"a", "b"'],
    ['an escape of what needs none', String.raw`"\a"`],
    ['an escape of the last quote', String.raw`"a\"`],
    ['too many', 'k'.repeat(256)],
    ['too many in quotes', `"${'k'.repeat(256)}"`],
    ['a tab', 'a\tb'],
    ['a control character in quotes', '"a\x7fb"'],
    ['what is not ASCII', 'sch\xf6n'],
  ])('refuses %s', (_what, header) => {
    const message =
      '"Idempotency-Key" must be 1 to 255 printable ASCII characters, with quotes around them or without any.';
    const fault = { code: 'invalid_value', parameter: 'Idempotency-Key', message };
    expect(() => readIdempotencyKey([header])).toThrow(
      expect.objectContaining({ code: 'validation_failed', status: 422, extra: { errors: [fault] } }),
    );
  });
});

describe('fingerprintOf', () => {
  const fingerprint = async (values: Record<string, unknown>, file = FILE): Promise<string> =>
    fingerprintOf(await UploadOptions.from(values), file);

  it('is a SHA-256 in hex', async () => {
    expect(await fingerprint({})).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['the order of options', { quality: '40', label: 'a' }, { label: 'a', quality: '40' }],
    ['an option that is given as its default', {}, { quality: '50', format: 'same', effort: 'balanced' }],
    ['how a number is written', { quality: '7' }, { quality: '007' }],
    ['an empty webhook_url, which is none', {}, { webhook_url: '' }],
    ['validate_only', {}, { validate_only: 'true' }],
  ])('does not depend on %s', async (_what, one, same) => {
    expect(await fingerprint(same)).toBe(await fingerprint(one));
  });

  it.each([
    ['quality', '51'],
    ['format', 'webp'],
    ['effort', 'small'],
    ['max_width', '800'],
    ['max_height', '800'],
    ['webhook_url', 'https://shop.example/hook'],
    ['label', 'spring'],
    ['label', ''],
  ])('depends on %s=%s', async (name, value) => {
    expect(await fingerprint({ [name]: value })).not.toBe(await fingerprint({}));
  });

  it('does not depend on the order in which the options are declared', async () => {
    const options = await UploadOptions.from({ label: 'a' });
    const turned = Object.fromEntries(Object.entries(options).toReversed()) as unknown as UploadOptions;
    expect(fingerprintOf(turned, FILE)).toBe(fingerprintOf(options, FILE));
  });

  it('takes no value for that of another option', async () => {
    expect(await fingerprint({ max_width: '9' })).not.toBe(await fingerprint({ max_height: '9' }));
  });

  it('depends on the bytes of the file', async () => {
    expect(await fingerprint({}, { sha256: 'b'.repeat(64) })).not.toBe(await fingerprint({}));
  });
});
