import type { ByteString } from '../../protocol/text/bytes.js';
import { parseCommand } from '../../protocol/client/command.js';
import type { Location } from '../../protocol/place/location.js';

/** What a server was told of a client, as one text: the same for a report and for the location that came of it. */
export function locationReportKey(
  server: string,
  { client, position, time }: Pick<Location, 'client' | 'position' | 'time'>,
): string {
  return `${server} ${client} ${position} ${time}`;
}

/** The same of a command; undefined if it is no report, or one whose client ID is longer than that many bytes. */
export function commandReportKey(
  server: string,
  command: ByteString | undefined,
  maxClientIdBytes = Infinity,
): string | undefined {
  if (command?.startsWith('IAMAT') !== true) return undefined;
  const report = parseCommand(command, { maxCount: 0, maxRadiusKm: 0, maxClientIdBytes });
  return report.kind === 'IAMAT' ? locationReportKey(server, report) : undefined;
}
