import type { ServerId } from '../../protocol/place/ids.js';
import { isDialer } from '../../protocol/place/topology.js';
import { AdminActionError, type AdminAction } from '../faults/admin-action.js';
import type { HerdConfig } from '../config/herd-config.js';
import type { LinkFault, LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** Admin actions on the servers of a process. Each throws an AdminActionError if it is not possible. */
export interface AdministeredServers {
  crash(server: ServerId): void;
  requestStop(server: ServerId): void;
  restart(server: ServerId): Promise<void>;
  setLogLevel(server: ServerId, level: LogLevel): void;
}

/** Performs admin actions on the servers of this process and on the links that they dial. */
export class HostAdministration {
  constructor(
    private readonly config: HerdConfig,
    private readonly hosted: ReadonlySet<ServerId>,
    private readonly servers: AdministeredServers,
    private readonly links: LinkFaults,
  ) {}

  /** @throws AdminActionError if the action is not possible */
  async perform(adminAction: AdminAction): Promise<void> {
    switch (adminAction.action) {
      case 'crash':
        this.servers.crash(this.requireHosted(adminAction.server));
        return;
      case 'stop':
        this.servers.requestStop(this.requireHosted(adminAction.server));
        return;
      case 'restart':
        return this.servers.restart(this.requireHosted(adminAction.server));
      case 'log':
        this.servers.setLogLevel(this.requireHosted(adminAction.server), adminAction.level);
        return;
      case 'cut':
        this.setLink(adminAction.link, { kind: 'cut' });
        return;
      case 'heal':
        this.setLink(adminAction.link, { kind: 'none' });
        return;
      case 'slow':
        this.setLink(adminAction.link, { kind: 'slow', delayMs: adminAction.delayMs });
        return;
    }
  }

  private setLink([one, other]: readonly [ServerId, ServerId], fault: LinkFault): void {
    if (this.config.topology.get(one)?.includes(other) !== true) {
      throw new AdminActionError('unknown', `unknown link: ${one}-${other}`);
    }
    const dialer = isDialer(one, other) ? one : other;
    if (!this.hosted.has(dialer)) {
      throw new AdminActionError(
        'other-process',
        `this link is owned by ${dialer} in another process; send the request there`,
      );
    }
    this.links.set(one, other, fault);
  }

  private requireHosted(server: ServerId): ServerId {
    if (this.hosted.has(server)) return server;
    if (this.config.servers.has(server)) {
      throw new AdminActionError('other-process', `${server} runs in another process; send the request there`);
    }
    throw new AdminActionError('unknown', `unknown server: ${server}`);
  }
}
