import type { ServerId } from '../../../protocol/place/ids.js';
import { formatHostPort, isLoopback } from '../../sockets/listener.js';
import type { HttpContext } from '../server/http-context.js';
import { parseHostName, type HttpEndpoint } from './origins.js';

/** Addresses to listen on that cannot be connected to. */
const wildcardAddresses = ['0.0.0.0', '::'];

/** HTTP origins of the herd's servers. */
export class HerdOrigins {
  constructor(
    private readonly context: Pick<HttpContext, 'config' | 'httpPortOf' | 'certificates'>,
    private readonly self: HttpEndpoint & { readonly server: ServerId },
  ) {}

  get scheme(): 'http' | 'https' {
    return this.context.certificates === undefined ? 'http' : 'https';
  }

  get endpoints(): HttpEndpoint[] {
    return [...this.context.config.servers.keys()].flatMap((server) => this.endpointOf(server) ?? []);
  }

  /**
   * Lists the URL of each server in the order of the config; null for one that does not serve HTTP.
   * @param hostHeader the Host header of the request
   */
  urls(hostHeader: string | undefined): { readonly name: ServerId; readonly httpUrl: string | null }[] {
    return [...this.context.config.servers.keys()].map((server) => {
      const endpoint = this.endpointOf(server);
      if (endpoint === undefined) return { name: server, httpUrl: null };
      const httpUrl = `${this.scheme}://${formatHostPort(this.reachableHost(endpoint.host, hostHeader), endpoint.port)}`;
      return { name: server, httpUrl };
    });
  }

  /**
   * Lists the servers of the herd as sources of a Content Security Policy: with any port for `httpPort: 0`, which changes with
   * each start. A policy cannot contain an IPv6 address: with one, every host is allowed.
   * @param hostHeader the Host header of the request
   */
  cspSources(hostHeader: string | undefined): string[] {
    const { servers } = this.context.config;
    const schemes = this.scheme === 'http' ? ['http', 'ws'] : ['https', 'wss'];
    const hosts = [...servers.values()].flatMap(({ host, httpPort }) =>
      httpPort === undefined
        ? []
        : { host: this.reachableHost(host, hostHeader), port: httpPort === 0 ? '*' : httpPort },
    );
    if (!hosts.every(({ host }) => /^[\w.-]+$/.test(host))) return schemes.map((scheme) => `${scheme}:`);
    return [...new Set(schemes.flatMap((scheme) => hosts.map(({ host, port }) => `${scheme}://${host}:${port}`)))];
  }

  /** Returns the host of a server, replaced by the requested one if both are names of the same machine. */
  private reachableHost(host: string, hostHeader: string | undefined): string {
    const name = parseHostName(hostHeader);
    const isSameMachine = isLoopback(host) && name !== undefined && isLoopback(name);
    return name !== undefined && (isSameMachine || wildcardAddresses.includes(host)) ? name : host;
  }

  private endpointOf(server: ServerId): HttpEndpoint | undefined {
    if (server === this.self.server) return this.self;
    const host = this.context.config.servers.get(server)?.host;
    const port = this.context.httpPortOf(server);
    return host === undefined || port === undefined ? undefined : { host, port };
  }
}
