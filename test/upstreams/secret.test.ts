import { inspect } from 'node:util';
import { expect } from 'chai';
import { Secret } from '../../src/upstreams/secret.js';

describe('a secret', () => {
  it('[UP15] does not show, however it is written down', () => {
    const key = new Secret('the-key-0123456789');
    const holder = { key, nested: [key] };
    const written = [
      String(key),
      key.toString(),
      JSON.stringify(holder),
      inspect(holder, { depth: 9, showHidden: true }),
    ];
    expect(written.join(' ')).to.not.include('the-key-0123456789');
    expect(key.reveal()).to.equal('the-key-0123456789');
  });

  it('is printable, and what is not is not quoted', () => {
    for (const text of ['', 'a b 0123456789abcdef', 'a\nb0123456789abcdef', 'schlüssel0123456789']) {
      expect(() => new Secret(text))
        .to.throw(RangeError)
        .with.property('message')
        .that.does.not.match(/a b|schl/);
    }
  });

  it('has 16 characters or more: fewer would be cut out of answers where they stand by chance', () => {
    expect(() => new Secret('0123456789abcde'))
      .to.throw(RangeError, 'a key must have 16 characters or more')
      .with.property('message')
      .that.does.not.include('0123');
    expect(new Secret('0123456789abcdef').reveal()).to.equal('0123456789abcdef');
  });
});
