import type { ByteString } from '../../protocol/text/bytes.js';
import { parseCommand } from '../../protocol/client/command.js';
import type { Location } from '../../protocol/place/location.js';

/** What a server was told of a client, as one text: the same for a report and for the location that came of it. */
export function reportKey(
  server: string,
  { client, position, time }: Pick<Location, 'client' | 'position' | 'time'>,
): string {
  return `${server} ${client} ${position} ${time}`;
}

/** The same of a command; undefined if it is no report, or one whose client ID is longer than that many bytes. */
export function reportKeyOf(
  server: string,
  command: ByteString | undefined,
  clientIdBytesMax = Infinity,
): string | undefined {
  if (command?.startsWith('IAMAT') !== true) return undefined;
  const report = parseCommand(command, { countMax: 0, radiusKmMax: 0, clientIdBytesMax });
  return report.kind === 'IAMAT' ? reportKey(server, report) : undefined;
}
