import type { HostOptions } from '../../library/create-host.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { HostDependencies } from '../../runtime/host/hosted-server.js';
import { onReload } from './reload-signal.js';
import { selectMode } from './select-mode.js';
import { warn } from './output.js';

/**
 * What the command gives to servers in its process. What they tell of themselves goes to `report`.
 *
 * @param more who sees the bus of every server besides, and how the process ends where somebody starts it again
 */
export function createHostOptions(
  config: HerdConfig,
  servers: readonly ServerId[],
  report: (report: StatusReport) => void,
  {
    observe = () => undefined,
    exitProcess: exitProcess,
  }: Partial<Pick<HostDependencies, 'observe' | 'exitProcess'>> = {},
): HostOptions {
  // What servers write says where people are: logs and locations are for the owner and the group.
  process.umask(process.umask(0o027) | 0o027);
  const certificates = reloadOnHangup(new HerdCertificates(config.tls));
  const mode = selectMode(config, servers);
  return { environment: process.env, certificates, mode, warn, report, observe, exitProcess };
}

/** Certificates that are read anew on SIGHUP. */
function reloadOnHangup(certificates: HerdCertificates): HerdCertificates {
  const hasCertificates = certificates.clients !== undefined || certificates.peers !== undefined;
  onReload(hasCertificates ? () => reload(certificates) : undefined);
  return certificates;
}

function reload(certificates: HerdCertificates): void {
  try {
    certificates.reload();
  } catch (error) {
    warn(`the old certificates stay in use: ${(error as Error).message}`);
  }
}
