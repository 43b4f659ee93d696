import type { ActorGateway } from '../../../actors/client/actor-gateway.js';
import type { AddressQuota } from '../../../actors/client/address-quota.js';
import type { OutputBudget } from '../../../actors/client/output-budget.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { Upstream } from '../../../protocol/upstream/upstream.js';
import type { Administer } from '../../faults/admin-action.js';
import type { ListenerDependencies } from '../../sockets/client-listener.js';
import type { HerdConfig } from '../../config/herd-config.js';
import type { LinkFault } from '../../faults/link-faults.js';
import type { MessageBus } from '../../bus/message-bus.js';
import type { ServerCounts } from '../../observe/metrics/server-counts.js';
import type { StatusTracker } from '../../observe/metrics/status-tracker.js';

/** How a herd is run: by somebody who tries it on one machine, or for people who rely on it. */
export type HerdMode = 'development' | 'production';

/** What the HTTP server of one server needs. */
export interface HttpContext extends ListenerDependencies {
  readonly bus: MessageBus;
  /** The bridge to the server's actors. */
  readonly gateway: ActorGateway;
  /** Bounds the bytes that wait for all clients of the server together. */
  readonly outputBudget: OutputBudget;
  /** Counts subscriptions to changes, over whatever protocol, by the address of the client: see `remoteAddressOfSocket`. */
  readonly subscribersPerAddress: AddressQuota;
  readonly config: HerdConfig;
  readonly server: ServerId;
  readonly upstream: Upstream;
  readonly mode: HerdMode;
  readonly administer: Administer;
  readonly status: StatusTracker;
  readonly counts: ServerCounts;
  /** How much of the log waits for the disk. */
  readonly logBufferedBytes: () => number;
  /** The folders of the built page. */
  readonly pageFolders: readonly string[];
  /** What is done by hand to the link to a neighbour, as far as this process does it. */
  readonly faultOf: (neighbour: ServerId) => LinkFault;
  /** The port at which a server of the herd serves HTTP; undefined if it does not, or is not known to. */
  readonly httpPortOf: (server: ServerId) => number | undefined;
}
