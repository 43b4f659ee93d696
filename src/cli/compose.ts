import type { Surroundings } from '../embed/compose.js';
import { HerdCertificates } from '../runtime/certificates.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { StatusReport } from '../runtime/herd-status.js';
import { warn } from './output.js';

/**
 * What the command gives to servers in its process. What they tell of themselves goes to `report`.
 *
 * @param observe sees the bus of every server besides
 */
export function surroundingsOf(
  config: HerdConfig,
  report: (report: StatusReport) => void,
  observe: Surroundings['observe'] = () => undefined,
): Surroundings {
  const certificates = reloadable(new HerdCertificates(config.tls));
  return { environment: process.env, certificates, warn, report, observe };
}

/** Certificates that are read anew on SIGHUP. */
function reloadable(certificates: HerdCertificates): HerdCertificates {
  // Without certificates the signal keeps its meaning: the terminal is gone, and the herd with it.
  if (certificates.clients === undefined && certificates.peers === undefined) return certificates;
  process.on('SIGHUP', () => {
    try {
      certificates.reload();
    } catch (error) {
      warn(`the old certificates stay in use: ${(error as Error).message}`);
    }
  });
  return certificates;
}
