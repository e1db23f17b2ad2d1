import { SCOPES } from '../../../../src/access/scopes.js';
import { generateApiKey } from '../../../../src/config/api-key.js';
import { parseKeysCommand } from '../../../../src/commands/keys/options.js';

const NOW = new Date('2026-11-21T12:00:00.000Z');
const parse = (line: string) => parseKeysCommand(line.split(' ').filter(Boolean), {}, NOW);

describe('npm run keys --', () => {
  it('create NAME makes a key that may do everything, for ever', () => {
    expect(parse('create shop')).toEqual({
      name: 'create',
      options: { name: 'shop', scopes: [...SCOPES], expiresAt: undefined, owner: undefined },
    });
  });

  it.each([
    ['requests:read', ['requests:read']],
    ['requests:read,webhooks:manage', ['requests:read', 'webhooks:manage']],
    ['requests:read,requests:read', ['requests:read']],
  ])('create --scopes %s', (text, scopes) => {
    expect(parse(`create shop --scopes ${text}`)).toMatchObject({ options: { scopes } });
  });

  it('create --expires in days from now, or at a date', () => {
    const expiry = (text: string) => (parse(`create shop --expires ${text}`) as { options: object }).options;
    expect(expiry('90d')).toMatchObject({ expiresAt: new Date('2027-02-19T12:00:00.000Z') });
    expect(expiry('1d')).toMatchObject({ expiresAt: new Date('2026-11-22T12:00:00.000Z') });
    expect(expiry('2027-01-31')).toMatchObject({ expiresAt: new Date('2027-01-31T00:00:00.000Z') });
    expect(expiry('2027-01-31T08:30:00Z')).toMatchObject({ expiresAt: new Date('2027-01-31T08:30:00.000Z') });
    expect(expiry('2028-02-29')).toMatchObject({ expiresAt: new Date('2028-02-29T00:00:00.000Z') });
  });

  it('create --owner OTHER shares what another key owns', () => {
    expect(parse('create shop2 --owner shop')).toMatchObject({ options: { name: 'shop2', owner: 'shop' } });
    expect(parse('create shop --owner default')).toMatchObject({ options: { owner: 'default' } });
  });

  it('list, generate, and revoke with a name or an id', () => {
    expect(parse('list')).toEqual({ name: 'list' });
    expect(parse('generate')).toEqual({ name: 'generate' });
    expect(parse('revoke key_0123456789abcdef')).toEqual({ name: 'revoke', key: 'key_0123456789abcdef' });
  });

  it.each(['', 'help', '--help', '-h', 'create --help'])('%j shows how to use it', (line) => {
    expect(parse(line)).toEqual({ name: 'help' });
  });

  it.each([
    ['make shop', /no command "make"/],
    ['create', /^Which key\? Say: npm run keys -- create NAME$/],
    ['revoke', /^Which key\? Say: npm run keys -- revoke NAME$/],
    ['create my shop', /^Too many words/],
    ['list all of them', /^Too many words/],
    ['create -x', /Unknown option/],
    ['create shop --scope requests:read', /Unknown option/],
    [
      'create shop --scopes requests:everything',
      /^There is no scope "requests:everything", only requests:write,/,
    ],
    ['create shop --scopes requests:read,', /^There is no scope ""/],
    ['create shop --scopes=', /^There is no scope ""/],
    ['create shop --expires tomorrow', /^--expires tomorrow: expected days such as 90d/],
    ['create shop --expires 90', /expected days/],
    ['create shop --expires -1d', /argument|expected/],
    ['create shop --expires 2027-02-31', /expected days/],
    ['create shop --expires 2027-13-01', /expected days/],
    ['create shop --expires 0d', /passed already/],
    ['create shop --expires 2026-11-21', /passed already/],
    ['create shop --owner a:b', /"a:b" is no name/],
    ['create sh:op', /"sh:op" is no name/],
    ['create --owner', /argument missing/],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('refuses what npm has taken options from', () => {
    expect(() => parseKeysCommand(['create', 'shop'], { npm_config_scopes: 'requests:read' })).toThrow(
      /^npm took --scopes for itself\. Put "--" before/,
    );
  });

  it('refuses a key in the place of a name, without a word of it', () => {
    const key = generateApiKey();
    expect(() => parse(`create ${key}`)).toThrow(/^That is a key/);
    expect(() => parse(`create shop --owner ${key}`)).toThrow(/^That is a key/);
    for (const line of [`create ${key}`, `create shop --owner ${key}`]) {
      expect(() => parse(line)).not.toThrow(key);
    }
  });
});
