import { readListenSettings, UsageError } from '../../../samples/webhook-listen-settings.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('readListenSettings', () => {
  it('needs no option', () => {
    expect(readListenSettings([], {})).toEqual({
      apiUrl: 'http://127.0.0.1:3000',
      apiKey: undefined,
      port: undefined,
      secret: undefined,
      answer: 204,
      json: false,
      help: false,
    });
  });

  it('reads every option', () => {
    const args = ['--api=https://x.example/halftone/', '--port', '0', '--secret', SECRET, '--answer', '500'];
    expect(readListenSettings([...args, '--json', '-h'], { API_KEY: 'a-key-of-the-shop' })).toEqual({
      apiUrl: 'https://x.example/halftone',
      apiKey: 'a-key-of-the-shop',
      port: 0,
      secret: SECRET,
      answer: 500,
      json: true,
      help: true,
    });
  });

  it.each([
    [['--prot', '1'], /^Unknown option '--prot'\. npm wants options after "--"/],
    [['4011'], /^Unexpected argument '4011'\. npm wants/],
    [['--port'], /^Option '--port <value>' argument missing\. npm/],
    [['--json=yes'], /^Option '--json' does not take an argument\. npm/],
    [['--port', '65536'], /^--port must be a number from 0 to 65535, not "65536"\.$/],
    [['--port', '4e3'], /^--port must be/],
    [['--answer', '199'], /^--answer must be a number from 200 to 599/],
    [['--answer', '600'], /^--answer must be/],
    [['--api', 'localhost:3000'], /^--api must be a URL such as http:/],
    [['--api', 'http://user@x.example'], /^--api must be/],
    [['--secret', 'whk_01a1'], /^--secret must be "whsec_"/],
    [['--secret', 'whsec_'], /^--secret must be/],
    [['--secret', 'whsec_!!!!'], /^--secret must be/],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => readListenSettings(args, {})).toThrow(UsageError);
    expect(() => readListenSettings(args, {})).toThrow(message);
  });

  it('says what is wrong with the key, without showing it', () => {
    const readKey = (): unknown => readListenSettings([], { API_KEY: 'halftone_cut' });
    expect(readKey).toThrow(UsageError);
    expect(readKey).toThrow(/^API_KEY is mistyped or cut: its checksum is wrong\.$/);
  });
});
