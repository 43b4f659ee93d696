import { inspect } from 'node:util';
import { expect } from 'chai';
import { Secret } from '../../src/upstreams/secret.js';

describe('a secret', () => {
  it('[UP15] does not show, however it is written down', () => {
    const key = new Secret('the-key');
    const holder = { key, nested: [key] };
    const written = [
      String(key),
      key.toString(),
      JSON.stringify(holder),
      inspect(holder, { depth: 9, showHidden: true }),
    ];
    expect(written.join(' ')).to.not.include('the-key');
    expect(key.reveal()).to.equal('the-key');
  });

  it('is printable, and what is not is not quoted', () => {
    for (const text of ['', 'a b', 'a\nb', 'schlüssel']) {
      expect(() => new Secret(text))
        .to.throw(RangeError)
        .with.property('message')
        .that.does.not.match(/a b|schl/);
    }
  });
});
