import { expect } from 'chai';
import fc from 'fast-check';

import { asServerId } from '../../../src/protocol/place/ids.js';
import { serverIds } from '../../support/arbitraries.js';

describe('asServerId', () => {
  it('[PE1] accepts up to 64 letters, digits, hyphens and underscores', () => {
    fc.assert(fc.property(serverIds, (name) => asServerId(name) === name));
    for (const name of ['Blake', 'b', '0', '9-_', 'A'.repeat(64)]) expect(asServerId(name)).to.equal(name);
  });

  it('[PE1] rejects anything else', () => {
    const others = ['', ' ', '-a', '_a', '.', '..', 'a b', 'a/b', 'a\\b', 'a\n', '\nBlake', 'é', 'a\0', 'A'.repeat(65)];
    for (const name of others) expect(asServerId(name), JSON.stringify(name)).to.be.undefined;
  });
});
