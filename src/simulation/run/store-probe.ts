import { address } from '../../actors/bus/bus.js';
import { addresses, type ConnectionMessage, type LinkMessage } from '../../actors/bus/messages.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';

/** Where a simulation asks a server what it holds; no actor lives there. */
const probeAddress = address<ConnectionMessage>('simulation');
const probeServer = 'simulation-inquirer' as ServerId;

/** What the store of a server holds of a client. The store alone is asked: a WHATSAT would have it ask the herd. */
export function readStoredLocation(bus: MessageBus, client: ClientId): Location | undefined {
  let location: Location | undefined;
  bus.attach(probeAddress, {
    receive: (message) => {
      if (message.kind === 'located') location = message.location;
    },
    stop: () => undefined,
  });
  bus.send(addresses.store, { kind: 'whereis', client, replyTo: probeAddress, requestId: 0 });
  bus.detach(probeAddress);
  return location;
}

/** The digest of all that the store of a server holds, as its neighbours are told it. */
export function readStoreDigest(bus: MessageBus): string {
  let digest = '';
  const linkAddress = addresses.link(probeServer);
  bus.attach<LinkMessage>(linkAddress, {
    receive: (message) => {
      if (message.kind === 'digest') digest = message.groupHashes;
    },
    stop: () => undefined,
  });
  bus.send(addresses.store, { kind: 'digest-requested', neighbour: probeServer, isNewLink: false });
  bus.detach(linkAddress);
  return digest;
}
