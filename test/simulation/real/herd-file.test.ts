import { expect } from 'chai';
import { parseConfig } from '../../../src/runtime/config/load.js';
import { formatHerdFile } from '../../../src/simulation/real/herd-file.js';
import { toServerId } from '../../support/fake-location.js';
import { createScenario } from '../../support/simulate.js';

describe('the herd.yaml of a server in a real environment', () => {
  const { herd } = createScenario(`
herd:
  servers: [Blake, Bryant, Metta]
  topology: { Bryant: [Blake, Metta] }
  limits: { maxClients: 7, idleTimeoutSeconds: 70, writeTimeoutSeconds: 8, maxFutureSkewSeconds: 9, lookupTimeoutMs: 10 }
  peers: { heartbeatMs: 11, antiEntropySeconds: 12 }
`);
  const peerPortFor = (neighbour: string) => (neighbour === 'Metta' ? 40_001 : 0);
  const configOf = (storePath?: string) =>
    parseConfig('Bryant.yaml', formatHerdFile(herd, toServerId('Bryant'), { peerPortFor, storePath }), {});

  it('says what the scenario says of the herd', () => {
    expect(configOf()).to.deep.include({ topology: herd.topology, limits: herd.limits, linkTimings: herd.linkTimings });
  });

  it('has any free port for the server itself, and of its neighbours those at which it finds them', () => {
    const { servers, storePath } = configOf();
    expect(servers.get(toServerId('Bryant'))).to.include({ host: '127.0.0.1', port: 0, peerPort: 0 });
    expect(servers.get(toServerId('Metta'))).to.include({ peerPort: 40_001 });
    expect(storePath).to.equal(undefined);
    expect(configOf('/a/store').storePath).to.equal('/a/store');
  });
});
