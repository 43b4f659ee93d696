import { expect } from 'chai';
import { isWholeHerd } from '../../src/cli/shared/select-mode.js';
import { listedServers, selectServer, selectServers } from '../../src/library/config.js';
import { configFromObject } from '../../src/runtime/config/load.js';
import { ConfigError } from '../../src/runtime/errors.js';

const nats = { kind: 'nats', servers: ['127.0.0.1:4222'] };
const blake = { port: 1, httpPort: 2 };
const others = { host: '0.0.0.0', port: 3, httpPort: 4 };

const listed = configFromObject({ herd: 'test', servers: { Blake: blake }, replication: nats });
const open = configFromObject({ herd: 'test', servers: { Blake: blake, '*': others }, replication: nats });
const unlisted = configFromObject({ herd: 'test', servers: { '*': others }, replication: nats });

describe('selection of servers', () => {
  it('starts the listed servers if none is named', () => {
    expect(selectServers(undefined, open)).to.deep.equal({ config: open, servers: ['Blake'] });
    expect(selectServers(['Blake', 'Blake'], listed)).to.deep.equal({ config: listed, servers: ['Blake'] });
  });

  it('starts servers by names that are not listed with the settings of "*"', () => {
    const { config, servers } = selectServers(['herd-3', 'Blake', 'herd-4', 'herd-3'], open);
    expect(servers).to.deep.equal(['herd-3', 'Blake', 'herd-4']);
    const endpoints = { ...others, peerPort: 0 };
    expect(config.servers).to.deep.equal(
      new Map<string, unknown>([...open.servers, ['herd-3', endpoints], ['herd-4', endpoints]]),
    );
    expect([...config.topology.values()]).to.deep.equal([[], [], []]);
    expect(selectServers(['herd-3'], unlisted).config.servers).to.deep.equal(new Map([['herd-3', endpoints]]));
  });

  it('rejects names that are not listed without "*", and those that are none', () => {
    expect(() => selectServers(['herd-3'], listed)).to.throw(
      ConfigError,
      'unknown server herd-3 in config (expected one of: Blake)',
    );
    for (const name of ['*', 'a.b', '']) expect(() => selectServers([name], open), name).to.throw(ConfigError);
    expect(() => selectServers(['*'], unlisted)).to.throw('config lists no server, only "*"');
  });

  it('knows only listed servers to connect to', () => {
    expect(selectServer('Blake', open)).to.equal('Blake');
    expect(() => selectServer('herd-3', open)).to.throw(
      'herd-3 is not listed in config, so its address is not known (expected one of: Blake)',
    );
    expect(listedServers(open)).to.deep.equal(['Blake']);
    for (const select of [() => listedServers(unlisted), () => selectServers(undefined, unlisted)]) {
      expect(select).to.throw(
        ConfigError,
        'config lists no server, only "*": name the servers to start, or list those to connect to',
      );
    }
  });

  it('takes a herd whose servers are not all listed for a part of it', () => {
    for (const [config, isWhole] of [
      [listed, true],
      [open, false],
    ] as const)
      expect(isWholeHerd(config, selectServers(undefined, config).servers)).to.equal(isWhole);
  });
});
