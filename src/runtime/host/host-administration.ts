import type { ServerId } from '../../protocol/place/ids.js';
import { dials } from '../../protocol/place/topology.js';
import { AdministrationError, type Act } from '../faults/admin-action.js';
import type { HerdConfig } from '../config/herd-config.js';
import type { LinkFault, LinkFaults } from '../faults/link-faults.js';
import type { LogLevel } from '../observe/log/log-settings.js';

/** The servers of a process, as far as they can be administered. Each throws an AdministrationError where it cannot be done. */
export interface AdministeredServers {
  crash(server: ServerId): void;
  stopByHand(server: ServerId): void;
  restart(server: ServerId): Promise<void>;
  setLogLevel(server: ServerId, level: LogLevel): void;
}

/** Does by hand what can be done to the servers of this process, and to the links that they call. */
export class HostAdministration {
  constructor(
    private readonly config: HerdConfig,
    private readonly hosted: ReadonlySet<ServerId>,
    private readonly servers: AdministeredServers,
    private readonly links: LinkFaults,
  ) {}

  /** @throws AdministrationError */
  async do(act: Act): Promise<void> {
    switch (act.act) {
      case 'crash':
        this.servers.crash(this.here(act.server));
        return;
      case 'stop':
        this.servers.stopByHand(this.here(act.server));
        return;
      case 'restart':
        return this.servers.restart(this.here(act.server));
      case 'log':
        this.servers.setLogLevel(this.here(act.server), act.level);
        return;
      case 'cut':
        this.setLink(act.link, { kind: 'cut' });
        return;
      case 'heal':
        this.setLink(act.link, { kind: 'none' });
        return;
      case 'slow':
        this.setLink(act.link, { kind: 'slow', delayMs: act.delayMs });
        return;
    }
  }

  private setLink([one, other]: readonly [ServerId, ServerId], fault: LinkFault): void {
    if (this.config.topology.get(one)?.includes(other) !== true) {
      throw new AdministrationError('unknown', `there is no link between ${one} and ${other}`);
    }
    const caller = dials(one, other) ? one : other;
    if (!this.hosted.has(caller)) {
      throw new AdministrationError('elsewhere', `${caller} calls this link, and runs in another process: ask it`);
    }
    this.links.set(one, other, fault);
  }

  private here(server: ServerId): ServerId {
    if (this.hosted.has(server)) return server;
    if (this.config.servers.has(server)) {
      throw new AdministrationError('elsewhere', `${server} runs in another process: ask it`);
    }
    throw new AdministrationError('unknown', `there is no server ${server} in this herd`);
  }
}
