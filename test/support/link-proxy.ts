import { FaultProxy } from '../../src/simulation/proxy/fault-proxy.js';
import type { HerdFile } from './herd-file.js';

/** Puts a proxy on the link between two servers that have commands of their own. It counts from the start of the one that dials. */
export async function proxyOnLink(file: HerdFile, one: string, other: string): Promise<FaultProxy> {
  const [dialling = '', dialled = ''] = [one, other].sort();
  const proxy = new FaultProxy(file.peerPortOf(dialled));
  await proxy.start();
  file.editServerConfig(dialling, ({ servers }) => {
    const address = servers[dialled];
    if (address !== undefined) address.peerPort = proxy.port;
  });
  return proxy;
}
