import { address } from '../../actors/bus/bus.js';
import { addresses } from '../../actors/addresses.js';
import type { ListedMessage } from '../../actors/bus/requests.js';
import type { LinkMessage } from '../../actors/peer/messages.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';

/** Reply address for requests of the simulation. No actor is attached to it. */
const probeAddress = address<ListedMessage>('simulation');
const probeServer = 'simulation-inquirer' as ServerId;

/** Reads what a server stores for a client. A `whereis` would start a lookup if it stores nothing. */
export function readStoredLocation(bus: MessageBus, client: ClientId): Location | undefined {
  let location: Location | undefined;
  bus.attach(probeAddress, {
    receive: (message) => {
      location = message.locations[0];
    },
    stop: () => undefined,
  });
  bus.send(addresses.store, { kind: 'read', client, replyTo: probeAddress, requestId: 0 });
  bus.detach(probeAddress);
  return location;
}

/** Reads the digest of a server's store, as sent to its neighbours. */
export function readStoreDigest(bus: MessageBus): string {
  let digest = '';
  const linkAddress = addresses.link(probeServer);
  bus.attach<LinkMessage>(linkAddress, {
    receive: (message) => {
      if (message.kind === 'digest') digest = message.partitionHashes;
    },
    stop: () => undefined,
  });
  bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour: probeServer, isNewLink: false });
  bus.detach(linkAddress);
  return digest;
}
