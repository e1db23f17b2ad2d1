import { postBlock } from '../../../samples/webhook-listen-text.js';

const VALID = { signatureFault: undefined, answeredBefore: undefined, answered: 204 };
const HEADERS = { 'webhook-id': 'evt_1', 'webhook-timestamp': '1763647386' };

function block(body: unknown, changes: { headers?: Record<string, string>; json?: boolean } = {}): string {
  const { headers = HEADERS, json = false } = changes;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return postBlock({ at: new Date(2026, 10, 20, 4, 5, 6), headers, body: text }, VALID, json);
}

describe('postBlock', () => {
  it('tells what a test event says', () => {
    expect(block({ type: 'endpoint.test', request_id: null, status: 'test', message: 'A test.' })).toBe(
      `
04:05:06  endpoint.test
       message: A test.
    webhook-id: evt_1
     timestamp: 2025-11-20T14:03:06Z
     signature: valid
      answered: 204`,
    );
  });

  it('leaves out what a request that failed does not have', () => {
    const data = { counts: { pending: 0, failed: 2 }, bytes: { input: 0, output: 0, saved: 0 } };
    const text = block({ type: 'request.failed', request_id: 'r', status: 'failed', data });
    expect(text).toContain('request: r, failed\n');
    expect(text).toContain('images: 2 failed\n');
    expect(text).not.toMatch(/bytes|output CSV/);
  });

  it.each(['null', '7', '"text"', 'not JSON', '', '{"data":7}', '{"data":null,"type":["a"]}'])(
    'shows also a body that is none of ours: %s',
    (body) => {
      expect(block(body)).toContain('signature: valid');
      expect(block(body, { json: true })).toContain('signature: valid');
    },
  );

  it.each(['soon', '1e300'])('shows a timestamp that is none as it came: %s', (timestamp) => {
    expect(block({}, { headers: { ...HEADERS, 'webhook-timestamp': timestamp } })).toContain(
      `timestamp: ${timestamp}\n`,
    );
  });

  it('shows a body that is no JSON as it came', () => {
    expect(block('first\nsecond\u001B[2J', { json: true })).toMatch(/\nfirst\nsecond\uFFFD\[2J$/);
  });
});
