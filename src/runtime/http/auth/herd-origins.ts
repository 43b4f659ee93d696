import type { ServerId } from '../../../protocol/place/ids.js';
import { hostAndPort, isLoopback } from '../../sockets/listening.js';
import type { HttpEdges } from '../server/http-context.js';
import { nameIn, type HttpPlace } from './origins.js';

/** Addresses that are listened on, and at which nobody is reached. */
const anyAddress = ['0.0.0.0', '::'];

/** Where the servers of a herd serve HTTP. */
export class HerdPlaces {
  constructor(
    private readonly edges: Pick<HttpEdges, 'config' | 'httpPortOf' | 'certificates'>,
    private readonly self: HttpPlace & { readonly server: ServerId },
  ) {}

  get scheme(): 'http' | 'https' {
    return this.edges.certificates === undefined ? 'http' : 'https';
  }

  get all(): HttpPlace[] {
    return [...this.edges.config.servers.keys()].flatMap((server) => this.placeOf(server) ?? []);
  }

  /**
   * The URL of each server, in the order of the config; null for one that does not serve HTTP.
   * @param called the Host header: what this server was called
   */
  urls(called: string | undefined): { readonly name: ServerId; readonly httpUrl: string | null }[] {
    return [...this.edges.config.servers.keys()].map((server) => {
      const place = this.placeOf(server);
      if (place === undefined) return { name: server, httpUrl: null };
      const httpUrl = `${this.scheme}://${hostAndPort(this.hostFor(place.host, called), place.port)}`;
      return { name: server, httpUrl };
    });
  }

  /**
   * Where a page of this server finds the servers of the herd, as sources of a Content Security Policy: with any port where
   * herd.yaml names none, for that changes with each start. A policy cannot name an address of IPv6: any server then.
   * @param called the Host header, as for `urls`
   */
  sources(called: string | undefined): string[] {
    const { servers } = this.edges.config;
    const schemes = this.scheme === 'http' ? ['http', 'ws'] : ['https', 'wss'];
    const hosts = [...servers.values()].flatMap(({ host, httpPort }) =>
      httpPort === undefined ? [] : { host: this.hostFor(host, called), port: httpPort === 0 ? '*' : httpPort },
    );
    if (!hosts.every(({ host }) => /^[\w.-]+$/.test(host))) return schemes.map((scheme) => `${scheme}:`);
    return [...new Set(schemes.flatMap((scheme) => hosts.map(({ host, port }) => `${scheme}://${host}:${port}`)))];
  }

  /** By which name a server is reached: who called this one by another name for the same machine, reaches the others by it too. */
  private hostFor(host: string, called: string | undefined): string {
    const name = nameIn(called);
    const own = isLoopback(host) && name !== undefined && isLoopback(name);
    return name !== undefined && (own || anyAddress.includes(host)) ? name : host;
  }

  private placeOf(server: ServerId): HttpPlace | undefined {
    if (server === this.self.server) return this.self;
    const host = this.edges.config.servers.get(server)?.host;
    const port = this.edges.httpPortOf(server);
    return host === undefined || port === undefined ? undefined : { host, port };
  }
}
