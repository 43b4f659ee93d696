import { InProcessNetwork } from '../../../src/runtime/sockets/in-process-transport.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { serverId } from '../../support/fake-location.js';
import { itIsATransport } from './transport-contract.js';

describe('InProcessNetwork is a Transport: it', () => {
  itIsATransport(() => {
    const network = new InProcessNetwork(new Turn().deliveries);
    return Promise.resolve({
      transport: network.transportOf(serverId('Blake')),
      listen: (accept) => {
        network.listen(serverId('Bryant'), accept);
        return Promise.resolve();
      },
      close: () => network.unlisten(serverId('Bryant')),
    });
  });
});
