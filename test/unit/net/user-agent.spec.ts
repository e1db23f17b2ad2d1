import { VERSION } from '../../../src/config/version.js';
import { userAgent } from '../../../src/net/user-agent.js';

describe('userAgent', () => {
  it('tells the version and where we are to be found', () => {
    expect(userAgent('https://images.example.com')).toBe(`Halftone/${VERSION} (+https://images.example.com)`);
  });

  it.each(['http://127.0.0.1:3000', 'http://localhost:3000', 'http://[::1]:3000'])(
    'keeps to the version where others cannot reach us: %s',
    (publicUrl) => {
      expect(userAgent(publicUrl)).toBe(`Halftone/${VERSION}`);
    },
  );
});
