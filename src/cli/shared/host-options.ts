import type { HostOptions } from '../../library/create-host.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { HostDependencies } from '../../runtime/host/hosted-server.js';
import { warn } from './output.js';
import { selectMode } from './select-mode.js';
import { onReload } from './signals.js';

/**
 * Creates the options for servers that the command runs in this process.
 * @param report called with the status reports of the servers
 * @param hooks observer of each server's bus, and how to end the process if its parent restarts it
 */
export function createHostOptions(
  config: HerdConfig,
  servers: readonly ServerId[],
  report: (report: StatusReport) => void,
  { observe = () => undefined, exitProcess }: Partial<Pick<HostDependencies, 'observe' | 'exitProcess'>> = {},
): HostOptions {
  // Logs and stored locations are personal data, so only the owner and the group may read them.
  process.umask(process.umask(0o027) | 0o027);
  const certificates = new HerdCertificates(config.tls);
  const hasCertificates = certificates.clients !== undefined || certificates.peers !== undefined;
  onReload(hasCertificates ? () => reload(certificates) : undefined);
  const mode = selectMode(config, servers);
  return { environment: process.env, certificates, mode, warn, report, observe, exitProcess };
}

function reload(certificates: HerdCertificates): void {
  try {
    certificates.reload();
  } catch (error) {
    warn(`certificates not reloaded, the old ones stay in use: ${(error as Error).message}`);
  }
}
