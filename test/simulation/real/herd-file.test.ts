import { expect } from 'chai';
import { parseConfig } from '../../../src/runtime/config/load.js';
import { herdFileOf } from '../../../src/simulation/real/herd-file.js';
import { serverId } from '../../support/fake-location.js';
import { scenarioOf } from '../../support/simulate.js';

describe('the herd.yaml of a server in a real world', () => {
  const { herd } = scenarioOf(`
herd:
  servers: [Blake, Bryant, Metta]
  talks: { Bryant: [Blake, Metta] }
  limits: { clientsMax: 7, idleSeconds: 70, stallSeconds: 8, aheadSeconds: 9, seekMs: 10 }
  links: { beatMs: 11, repairSeconds: 12 }
`);
  const portFor = (neighbour: string) => (neighbour === 'Metta' ? 40_001 : 0);
  const configOf = (storePath?: string) =>
    parseConfig('Bryant.yaml', herdFileOf(herd, serverId('Bryant'), { portFor, storePath }), {});

  it('says what the scenario says of the herd', () => {
    expect(configOf()).to.deep.include({ topology: herd.topology, limits: herd.limits, pace: herd.pace });
  });

  it('has any free port for the server itself, and of its neighbours those at which it finds them', () => {
    const { servers, storePath } = configOf();
    expect(servers.get(serverId('Bryant'))).to.include({ host: '127.0.0.1', port: 0, peerPort: 0 });
    expect(servers.get(serverId('Metta'))).to.include({ peerPort: 40_001 });
    expect(storePath).to.equal(undefined);
    expect(configOf('/a/store').storePath).to.equal('/a/store');
  });
});
