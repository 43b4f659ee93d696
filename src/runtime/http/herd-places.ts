import type { ServerId } from '../../protocol/ids.js';
import { hostAndPort, isLoopback } from '../listening.js';
import type { HttpEdges } from './http-edges.js';
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
   * @param called the Host header: who called this server by another name for the same machine, reaches the others by it too
   */
  urls(called: string | undefined): { readonly name: ServerId; readonly httpUrl: string | null }[] {
    const name = nameIn(called);
    return [...this.edges.config.servers.keys()].map((server) => {
      const place = this.placeOf(server);
      if (place === undefined) return { name: server, httpUrl: null };
      const own = isLoopback(place.host) && name !== undefined && isLoopback(name);
      const host = name !== undefined && (own || anyAddress.includes(place.host)) ? name : place.host;
      return { name: server, httpUrl: `${this.scheme}://${hostAndPort(host, place.port)}` };
    });
  }

  private placeOf(server: ServerId): HttpPlace | undefined {
    if (server === this.self.server) return this.self;
    const host = this.edges.config.servers.get(server)?.host;
    const port = this.edges.httpPortOf(server);
    return host === undefined || port === undefined ? undefined : { host, port };
  }
}
