import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { newSecret } from '../../../src/webhooks/secrets.js';
import { signatureHeaders } from '../../../src/webhooks/signature.js';

describe('signatureHeaders', () => {
  it('signs as the specification does', () => {
    const headers = signatureHeaders(
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      new Date(1614265330_999),
      '{"test": 2432232314}',
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is verified by the public library, for any body, and not when a character differs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (body) => {
        const secret = newSecret();
        const headers = signatureHeaders([secret], 'evt_1', new Date(), body);
        const verifier = new Webhook(secret);
        verifier.verify(body, headers, { jsonParse: false });
        expect(() => verifier.verify(`${body}x`, headers, { jsonParse: false })).toThrow(
          'No matching signature',
        );
      }),
    );
  });

  it('gives a signature per secret, each valid by itself', () => {
    const secrets = [newSecret(), newSecret()];
    const headers = signatureHeaders(secrets, 'evt_1', new Date(), '{}');
    expect(headers['webhook-signature']!.split(' ')).toHaveLength(2);
    for (const secret of secrets) expect(new Webhook(secret).verify('{}', headers)).toEqual({});
  });
});

describe('newSecret', () => {
  it('is 32 random bytes in base64 behind the prefix', () => {
    expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret()).not.toBe(newSecret());
  });
});
