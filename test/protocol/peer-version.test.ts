import { expect } from 'chai';
import fc from 'fast-check';
import {
  agreedVersion,
  describeVersions,
  offeredVersions,
  spokenVersions,
  withOffer,
  type PeerVersions,
} from '../../src/protocol/peer-version.js';
import { HerdSecrets } from '../../src/runtime/herd-secrets.js';

const secrets = new HerdSecrets(['the secret of the herd']);

const someVersions = fc
  .tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 999 }))
  .map((pair): PeerVersions => ({ lowest: Math.min(...pair), highest: Math.max(...pair) }));

describe('[PE27] the version that two servers speak', () => {
  it('is the highest that both know, and the same for both', () => {
    fc.assert(
      fc.property(someVersions, someVersions, (one, other) => {
        const common = Array.from({ length: one.highest }, (_, index) => index + 1).filter(
          (version) => version >= one.lowest && version >= other.lowest && version <= other.highest,
        );
        expect(agreedVersion(one, other)).to.equal(common.at(-1));
        expect(agreedVersion(other, one)).to.equal(common.at(-1));
      }),
    );
  });

  it('is offered in the nonce, to which the lowest is in the hello', () => {
    fc.assert(
      fc.property(someVersions, (versions) => {
        const nonce = withOffer(secrets.nonce(), versions);
        expect(offeredVersions(String(versions.lowest), nonce)).to.deep.equal(versions);
      }),
    );
  });

  it('is 1 with a server that knows nothing of versions: its nonces offer none, and nor do hellos without', () => {
    for (let count = 0; count < 1_000; count += 1) {
      expect(offeredVersions('1', secrets.nonce())).to.deep.equal({ lowest: 1, highest: 1 });
    }
    expect(offeredVersions('1', undefined)).to.deep.equal({ lowest: 1, highest: 1 });
    expect(agreedVersion(spokenVersions, { lowest: 1, highest: 1 })).to.equal(1);
    expect(withOffer('nonce', { lowest: 1, highest: 1 }), 'byte for byte').to.equal('nonce');
  });

  it('is none where the hello says none', () => {
    for (const version of ['', 'x', '-1', '1.2', '1000', '1e1']) {
      expect(offeredVersions(version, 'nonce.2'), version).to.equal(undefined);
    }
    expect(agreedVersion(spokenVersions, { lowest: 3, highest: 2 })).to.equal(undefined);
  });

  it('has words', () => {
    expect(describeVersions({ lowest: 2, highest: 2 })).to.equal('version 2');
    expect(describeVersions({ lowest: 1, highest: 2 })).to.equal('versions 1 to 2');
  });
});
