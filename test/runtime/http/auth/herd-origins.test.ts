import { expect } from 'chai';
import { parseConfig } from '../../../../src/runtime/config/load.js';
import { HerdOrigins } from '../../../../src/runtime/http/auth/herd-origins.js';
import { toServerId } from '../../../support/fake-location.js';

const blake = toServerId('Blake');

/** Returns the sources of Blake's policy for a Bryant with that host and port. */
function sources(bryant: string, called: string): string[] {
  const servers = `{ Blake: { port: 1, peerPort: 4, httpPort: 12200 }, Bryant: { port: 2, peerPort: 5, ${bryant} }, Gasol: { port: 3, peerPort: 6 } }`;
  const config = parseConfig('herd.yaml', `herd: test\nservers: ${servers}`, {});
  const edges = { config, httpPortOf: () => undefined, certificates: undefined };
  return new HerdOrigins(edges, { server: blake, host: '127.0.0.1', port: 12200 }).cspSources(called);
}

describe('HerdOrigins.cspSources', () => {
  it('contain the servers with an HTTP port, by the requested host', () => {
    expect(sources('httpPort: 12204', 'localhost:12200')).to.deep.equal([
      'http://localhost:12200',
      'http://localhost:12204',
      'ws://localhost:12200',
      'ws://localhost:12204',
    ]);
    expect(sources('host: 10.0.0.2, httpPort: 0', '127.0.0.1:12200')).to.deep.equal([
      'http://127.0.0.1:12200',
      'http://10.0.0.2:*',
      'ws://127.0.0.1:12200',
      'ws://10.0.0.2:*',
    ]);
    expect(sources('host: 0.0.0.0, httpPort: 12204', 'herd.example')).to.contain('http://herd.example:12204');
  });

  it('contain all hosts if a server has an IPv6 address', () => {
    expect(sources('host: "fd00::2", httpPort: 12204', '127.0.0.1')).to.deep.equal(['http:', 'ws:']);
    expect(sources('host: 0.0.0.0, httpPort: 12204', 'a;script-src')).to.deep.equal(['http:', 'ws:']);
  });
});
