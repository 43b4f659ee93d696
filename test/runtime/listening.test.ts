import { expect } from 'chai';
import { hostAndPort } from '../../src/runtime/listening.js';

describe('hostAndPort', () => {
  for (const [host, port, text] of [
    ['127.0.0.1', 12_000, '127.0.0.1:12000'],
    ['::1', 12_000, '[::1]:12000'],
    [undefined, undefined, 'unknown:0'],
  ] as const) {
    it(`writes ${text}`, () => {
      expect(hostAndPort(host, port)).to.equal(text);
    });
  }
});
