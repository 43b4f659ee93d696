import { address } from '../../actors/bus/bus.js';
import { addresses } from '../../actors/addresses.js';
import type { ListedMessage } from '../../actors/bus/requests.js';
import type { LinkMessage } from '../../actors/peer/messages.js';
import { cursorOf } from '../../actors/store/partitioned-map.js';
import { partitionOf } from '../../protocol/place/digest.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';

/** Reply address for requests of the simulation. No actor is attached to it. */
const probeAddress = address<ListedMessage>('simulation');
const probeServer = 'simulation-inquirer' as ServerId;

/** Reads what a server stores for a client. It lists the client's partition, since `whereis` would start a lookup. */
export function readStoredLocation(bus: MessageBus, client: ClientId): Location | undefined {
  let location: Location | undefined;
  let cursor: number | undefined = cursorOf(partitionOf(client));
  const end = cursor + cursorOf(1);
  bus.attach(probeAddress, {
    receive: (message) => {
      location = message.locations.find((listed) => listed.client === client);
      cursor = message.next;
    },
    stop: () => undefined,
  });
  while (location === undefined && cursor !== undefined && cursor < end) {
    const from: number = cursor;
    // A store that does not respond ends the search.
    cursor = undefined;
    bus.send(addresses.store, { kind: 'list', from, max: 1, replyTo: probeAddress, requestId: 0 });
  }
  bus.detach(probeAddress);
  return location;
}

/** Reads the digest of a server's store, as sent to its neighbours. */
export function readStoreDigest(bus: MessageBus): string {
  let digest = '';
  const linkAddress = addresses.link(probeServer);
  bus.attach<LinkMessage>(linkAddress, {
    receive: (message) => {
      if (message.kind === 'digest') digest = message.groupHashes;
    },
    stop: () => undefined,
  });
  bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour: probeServer, isNewLink: false });
  bus.detach(linkAddress);
  return digest;
}
