import { rewritePath } from '../../../src/http/rewrite-path.js';

describe('rewritePath', () => {
  it.each([
    ['/upload', '/api/upload'],
    ['/upload/', '/api/upload'],
    ['/image_process/upload/', '/api/upload'],
    ['/status/1', '/api/status/1'],
    ['/image_process/status/1/', '/api/status/1'],
    ['/download/1?columns=basic', '/api/download/1?columns=basic'],
    ['/webhook/', '/api/webhook'],
    ['/webhook', '/api/webhook'],
    ['/api/upload/', '/api/upload'],
    ['/api/status/1/?products=false', '/api/status/1?products=false'],
    ['/', '/'],
    ['/?a=/upload', '/?a=/upload'],
    ['/image_process', '/'],
    ['/uploads', '/uploads'],
    ['/webhooks', '/webhooks'],
    ['/files/a/upload', '/files/a/upload'],
    ['/image_processing/upload', '/image_processing/upload'],
  ])('%s is routed as %s', (given, routed) => {
    expect(rewritePath(given)).toBe(routed);
  });
});
