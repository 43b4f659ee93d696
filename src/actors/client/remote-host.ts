/**
 * Returns the key under which limits count a remote host: its IPv4 address, or the /64 network of its IPv6 address. Sites are
 * assigned at least a /64 (RFC 6177), so a limit per single IPv6 address would have no effect.
 *
 * @param remoteAddress an address and port, as in `192.0.2.1:40000` or `[2001:db8::1]:40000`
 */
export function remoteHostOf(remoteAddress: string): string {
  const host = remoteAddress.slice(0, remoteAddress.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  if (!host.includes(':')) return host;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  return mapped?.[1] ?? `${networkGroups(host).join(':')}::/64`;
}

/** The first four groups of an IPv6 address, which may leave out groups of zeros (RFC 4291, section 2.2). */
function networkGroups(address: string): string[] {
  const [before = '', after] = address.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    const tailGroups = after === '' ? [] : after.split(':');
    while (groups.length + tailGroups.length < 8) groups.push('0');
    groups.push(...tailGroups);
  }
  return groups.slice(0, 4);
}
