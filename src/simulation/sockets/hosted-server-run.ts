import type { ClientId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import type { HostedServer, ServerPorts } from '../../runtime/host/hosted-server.js';
import type { MessageBus } from '../../runtime/bus/message-bus.js';
import { readStoreDigest, readStoredLocation } from '../run/store-probe.js';
import type { RunningServer } from '../real/launcher.js';

/** One run of a server in this process. */
export class HostedServerRun implements RunningServer {
  /** @param detach stops the events of the server, and closes its connections */
  constructor(
    private readonly hosted: HostedServer,
    private readonly bus: MessageBus,
    readonly ports: ServerPorts,
    private readonly detach: () => void,
  ) {}

  /**
   * Its events and connections are cut off first, so an orderly stop looks like a kill. Pending changes are written to disk.
   */
  async kill(): Promise<void> {
    this.detach();
    await this.hosted.stop();
  }

  /** Its connections end by themselves, after what it has sent. */
  async stop(): Promise<void> {
    await this.hosted.stop();
  }

  pause(): void {
    throw new Error('a server in a shared process cannot be paused');
  }

  resume(): void {
    this.pause();
  }

  readLocation(client: ClientId): Promise<Location | undefined> {
    return Promise.resolve(readStoredLocation(this.bus, client));
  }

  readDigest(): Promise<string> {
    return Promise.resolve(readStoreDigest(this.bus));
  }
}
