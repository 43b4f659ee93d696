import { InProcessNetwork } from '../../../src/runtime/sockets/in-process-transport.js';
import { Turn } from '../../../src/runtime/time/turn.js';
import { toServerId } from '../../support/fake-location.js';
import { describeTransport } from './transport-contract.js';

describe('InProcessNetwork is a Transport: it', () => {
  describeTransport(() => {
    const network = new InProcessNetwork(new Turn().deliveries);
    return Promise.resolve({
      transport: network.transportOf(toServerId('Blake')),
      listen: (accept) => {
        network.listen(toServerId('Bryant'), accept);
        return Promise.resolve();
      },
      close: () => network.unlisten(toServerId('Bryant')),
    });
  });
});
