/** The fields of an AT line that decide which of two is newer, in the order in which they decide. */
interface Ranked {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly fields: readonly string[];
}

/** Whether an AT line replaces another of the same client, by the rule of the herd: time, server, position, skew, time as written. */
export function isNewer(line: string, than: string): boolean {
  const [a, b] = [ranked(line), ranked(than)];
  const later = a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
  if (later !== 0) return later > 0;
  for (const [at, field] of a.fields.entries()) {
    const other = b.fields[at] ?? '';
    if (field !== other) return field > other;
  }
  return false;
}

function ranked(line: string): Ranked {
  const [, server = '', skew = '', , position = '', time = ''] = line.split(' ');
  const [seconds = '', fraction = ''] = time.split('.');
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  return { seconds: Number(seconds), nanoseconds, fields: [server, position, skew, time] };
}
