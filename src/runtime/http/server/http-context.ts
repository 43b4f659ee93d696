import type { ActorGateway } from '../../../actors/client/actor-gateway.js';
import type { AddressQuota } from '../../../actors/client/address-quota.js';
import type { OutputBudget } from '../../../actors/client/output-budget.js';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { Upstream } from '../../../protocol/upstream/upstream.js';
import type { Administer } from '../../faults/admin-action.js';
import type { ListenerDependencies } from '../../sockets/client-listener.js';
import type { HerdConfig, HerdMode } from '../../config/herd-config.js';
import type { LinkFault } from '../../faults/link-faults.js';
import type { MessageBus } from '../../bus/message-bus.js';
import type { ServerCounts } from '../../observe/metrics/server-counts.js';
import type { StatusTracker } from '../../observe/metrics/status-tracker.js';

/** Dependencies of the HTTP server of one server. */
export interface HttpContext extends ListenerDependencies {
  readonly bus: MessageBus;
  /** The bridge to the server's actors. */
  readonly gateway: ActorGateway;
  /** Bounds the queued output of all clients of the server. */
  readonly outputBudget: OutputBudget;
  /** Counts subscriptions over all protocols by client address, as from `remoteAddressOfSocket`. */
  readonly subscribersPerAddress: AddressQuota;
  readonly config: HerdConfig;
  readonly server: ServerId;
  readonly upstream: Upstream;
  readonly mode: HerdMode;
  readonly administer: Administer;
  readonly status: StatusTracker;
  readonly counts: ServerCounts;
  /** Bytes of the log that are not written yet. */
  readonly logBufferedBytes: () => number;
  /** Folders of the built dashboard. */
  readonly pageFolders: readonly string[];
  /** Returns the fault that an admin action injected into the link to a neighbour, if this process does so. */
  readonly faultOf: (neighbour: ServerId) => LinkFault;
  /** Returns the HTTP port of a server of the herd; undefined if it has none, or it is not known. */
  readonly httpPortOf: (server: ServerId) => number | undefined;
}
