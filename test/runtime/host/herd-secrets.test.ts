import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { ConfigError } from '../../../src/runtime/errors.js';
import { HerdSecrets } from '../../../src/runtime/host/herd-secrets.js';

const secret = 'sixteen letters!';
const other = 'sixteen letters?';

describe('HerdSecrets', () => {
  it('[PE20] creates proofs with HMAC-SHA256 in base64url', () => {
    const expected = createHmac('sha256', secret).update('herd peer caller').digest('base64url');
    expect(new HerdSecrets([secret]).prove('herd peer caller')).to.deep.equal([expected]);
    expect(expected).to.match(/^[\w-]{43}$/);
  });

  it('[PE20] accepts only proofs of the same statement with the same secret', () => {
    const [one, same, stranger] = [[secret], [secret], [other]].map((secrets) => new HerdSecrets(secrets));
    fc.assert(
      fc.property(fc.string(), fc.string(), (statement, another) => {
        const proofs = one?.prove(statement) ?? [];
        expect(same?.verify(statement, proofs)).to.equal(true);
        expect(stranger?.verify(statement, proofs)).to.equal(false);
        if (another !== statement) expect(same?.verify(another, proofs)).to.equal(false);
      }),
    );
  });

  it('[PE20] rejects malformed proofs of any length', () => {
    const secrets = new HerdSecrets([secret]);
    const [proof = ''] = secrets.prove('statement');
    const changed = `${proof.startsWith('A') ? 'B' : 'A'}${proof.slice(1)}`;
    for (const proofs of [[], [''], [proof.slice(0, -1)], [`${proof}A`], [changed], ['\xFF'.repeat(43)], [secret]]) {
      expect(secrets.verify('statement', proofs), proofs.join()).to.equal(false);
    }
  });

  it('[PE21] creates a proof per valid secret and accepts a proof with any of them', () => {
    const both = new HerdSecrets([secret, other]);
    const proofs = both.prove('statement');
    expect(new Set(proofs).size).to.equal(2);
    for (const valid of [secret, other]) {
      const single = new HerdSecrets([valid]);
      expect(single.verify('statement', proofs)).to.equal(true);
      expect(both.verify('statement', ['nonsense', ...single.prove('statement')])).to.equal(true);
    }
  });

  it('[PE20] creates unique nonces of at least 16 characters without white space', () => {
    const secrets = new HerdSecrets([secret]);
    const nonces = Array.from({ length: 1_000 }, () => secrets.nonce());
    for (const nonce of nonces) expect(nonce).to.match(/^[\w-]{16,}$/);
    expect(new Set(nonces).size).to.equal(1_000);
  });

  it('rejects short secrets, also the second of two, without revealing them', () => {
    for (const secrets of [['x'.repeat(15)], [''], [secret, 'too short']]) {
      expect(() => new HerdSecrets(secrets))
        .to.throw(ConfigError, /HERD_SECRET must be at least 16 characters long/)
        .with.property('message')
        .that.does.not.contain('too short');
    }
  });
});
