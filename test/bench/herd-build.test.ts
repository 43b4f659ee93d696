import { expect } from 'chai';
import { translateForBaseline } from '../../bench/systems/herd-build.js';

describe('translateForBaseline', () => {
  it('renames settings, and leaves out those that the baseline build lacks', () => {
    const document = {
      herd: 'bench',
      topology: { Blake: ['Metta'] },
      replication: { kind: 'nats' },
      limits: { maxClients: 5, maxSubscribersPerAddress: 7 },
    };
    expect(translateForBaseline(document)).to.deep.equal({
      herd: 'bench',
      talks: { Blake: ['Metta'] },
      spread: { kind: 'nats' },
      limits: { clientsMax: 5 },
    });
  });
});
