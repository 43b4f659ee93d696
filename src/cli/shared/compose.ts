import type { Surroundings } from '../../library/compose.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { HerdCertificates } from '../../runtime/sockets/certificates.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import type { StatusReport } from '../../runtime/host/herd-status.js';
import type { HostEdges } from '../../runtime/host/hosted-server.js';
import type { Stage } from '../../runtime/faults/stage.js';
import { onHangup } from './hangup.js';
import { modeOf } from './mode.js';
import { warn } from './output.js';

/**
 * What the command gives to servers in its process. What they tell of themselves goes to `report`.
 *
 * @param more who sees the bus of every server besides, and how the process ends where somebody starts it again
 */
export function surroundingsOf(
  config: HerdConfig,
  servers: readonly ServerId[],
  report: (report: StatusReport) => void,
  { observe = () => undefined, die }: Partial<Pick<HostEdges, 'observe' | 'die'>> = {},
): Surroundings {
  // What servers write says where people are: logs and locations are for the owner and the group.
  process.umask(process.umask(0o027) | 0o027);
  const certificates = reloadable(new HerdCertificates(config.tls));
  const mode = modeOf(config, servers);
  const stage = mode === 'development' ? stageFor(config) : undefined;
  return { environment: process.env, certificates, mode, stage, warn, report, observe, die };
}

/** Where scenarios are played beside the herd; what they need is loaded when somebody asks for one. */
function stageFor(config: HerdConfig): Stage {
  let loading: Promise<Stage> | undefined;
  const stage = () =>
    (loading ??= import('../simulate/scenario-runner.js').then(({ ScenarioStage }) => new ScenarioStage(config)));
  return {
    shipped: async () => (await stage()).shipped(),
    read: async (story) => (await stage()).read(story),
  };
}

/** Certificates that are read anew on SIGHUP. */
function reloadable(certificates: HerdCertificates): HerdCertificates {
  const areThere = certificates.clients !== undefined || certificates.peers !== undefined;
  onHangup(areThere ? () => reload(certificates) : undefined);
  return certificates;
}

function reload(certificates: HerdCertificates): void {
  try {
    certificates.reload();
  } catch (error) {
    warn(`the old certificates stay in use: ${(error as Error).message}`);
  }
}
