import type { ByteString } from '../../protocol/text/bytes.js';
import { parseCommand } from '../../protocol/client/command.js';
import type { Location } from '../../protocol/place/location.js';

/** Key of a report, computed from a location: equal to the key of the command that created it. */
export function locationReportKey(server: string, { line, clientOffset }: Location): string {
  return `${server} ${line.slice(clientOffset)}`;
}

/** Key of a report, computed from a command; undefined if it is not a report, or its client ID is too long. */
export function commandReportKey(
  server: string,
  command: ByteString | undefined,
  maxClientIdBytes = Infinity,
): string | undefined {
  if (command?.startsWith('IAMAT') !== true) return undefined;
  const report = parseCommand(command, { maxCount: 0, maxRadiusKm: 0, maxClientIdBytes });
  return report.kind === 'IAMAT' ? `${server} ${report.client} ${report.position} ${report.time}` : undefined;
}
