import { address } from '../../actors/bus/bus.js';
import { addresses, type ConnectionMessage, type LinkMessage } from '../../actors/bus/messages.js';
import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';

/** Where a simulation asks a server what it holds; no actor lives there. */
const inquirer = address<ConnectionMessage>('simulation');
const inquirerName = 'simulation-inquirer' as ServerId;

/** What the store of a server holds of a client. The store alone is asked: a WHATSAT would have it ask the herd. */
export function askWhereIs(bus: MessageBus, client: ClientId): Location | undefined {
  let held: Location | undefined;
  bus.attach(inquirer, {
    receive: (message) => {
      if (message.kind === 'located') held = message.location;
    },
    stop: () => undefined,
  });
  bus.send(addresses.store, { kind: 'whereis', client, replyTo: inquirer, question: 0 });
  bus.detach(inquirer);
  return held;
}

/** The digest of all that the store of a server holds, as its neighbours are told it. */
export function askDigest(bus: MessageBus): string {
  let digest = '';
  const at = addresses.link(inquirerName);
  bus.attach<LinkMessage>(at, {
    receive: (message) => {
      if (message.kind === 'digest') digest = message.groups;
    },
    stop: () => undefined,
  });
  bus.send(addresses.store, { kind: 'describe', neighbour: inquirerName, anew: false });
  bus.detach(at);
  return digest;
}
