import { expect } from 'chai';
import type { HerdResponse } from '../../../../src/runtime/http/api/api-types.js';
import type { HerdSample, ServerSample } from '../../../../src/cli/commands/status/poll.js';
import { summarizeHerd } from '../../../../src/cli/commands/status/summary.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { parseConfig } from '../../../../src/runtime/config/load.js';

const text = `
herd: h
servers: { Blake: { port: 1, peerPort: 2 }, Metta: { port: 3, peerPort: 4 } }
topology: { Blake: [Metta] }
`;
const config = parseConfig('herd.yaml', text, {});

interface Told {
  readonly atMs?: number;
  readonly ready?: boolean;
  readonly locations?: number;
  readonly counts?: Partial<HerdResponse['counters']>;
  readonly link?: Partial<HerdResponse['links'][number]>;
  readonly nats?: HerdResponse['nats'];
}

const liveLink: Omit<HerdResponse['links'][number], 'neighbour'> = {
  state: 'live',
  sinceMs: 5_000,
  retryInMs: 0,
  reason: '',
  clockOffsetMs: null,
  injectedFault: { kind: 'none' },
};

function sample(
  neighbour: string,
  { atMs = 0, ready = true, locations = 0, counts, link, nats = null }: Told = {},
): ServerSample {
  const none = { commands: 0, reports: 0, learned: 0, propagationDelay: { boundsSeconds: [1], counts: [0, 0] } };
  return {
    kind: 'ok',
    atMs,
    response: {
      herd: 'h',
      server: 'anybody',
      adminAccess: 'disabled',
      servers: [],
      topology: [],
      upstream: { kind: 'sample', maxCount: 100 },
      ready,
      notReadyReasons: ready ? [] : [`catching up with ${neighbour}`],
      locations,
      connections: 0,
      links: [{ ...liveLink, neighbour, ...link }],
      nats,
      counters: { ...none, ...counts },
    },
  };
}

function look(blake: ServerSample, metta: ServerSample): HerdSample {
  return new Map([
    ['Blake' as ServerId, blake],
    ['Metta' as ServerId, metta],
  ]);
}

describe('summarizeHerd', () => {
  it('computes rates and propagation delay between two samples', () => {
    const propagationDelay = { boundsSeconds: [1], counts: [4, 0] };
    const before = look(sample('Metta', { atMs: 1_000, counts: { reports: 10 } }), sample('Blake'));
    const after = look(
      sample('Metta', {
        atMs: 3_000,
        locations: 9,
        counts: { reports: 14, commands: 1, learned: 4, propagationDelay },
      }),
      sample('Blake', { locations: 7 }),
    );
    const [blake, metta] = summarizeHerd(config, before, after).servers;
    expect(blake?.rates).to.deep.equal({ reports: 2, learned: 2, commands: 0.5, propagationDelay: { p50: 1, p99: 1 } });
    expect([blake?.stored?.missing, metta?.stored?.missing]).to.deep.equal([0, 2]);
  });

  it('has no rates for a single sample, or across a restart', () => {
    const after = look(sample('Metta', { atMs: 2_000, counts: { reports: 3 } }), sample('Blake', { atMs: 2_000 }));
    expect(summarizeHerd(config, undefined, after).servers[0]?.rates).to.equal(undefined);
    const before = look(sample('Metta', { counts: { reports: 9 } }), { kind: 'down', reason: 'ECONNREFUSED' });
    for (const { rates } of summarizeHerd(config, before, after).servers) expect(rates).to.equal(undefined);
  });

  it('is healthy if all servers are up and ready and all links live', () => {
    const isHealthy = (blake: ServerSample, metta: ServerSample) =>
      summarizeHerd(config, undefined, look(blake, metta)).healthy;
    expect(isHealthy(sample('Metta'), sample('Blake'))).to.equal(true);
    expect(isHealthy(sample('Metta'), { kind: 'reachable' })).to.equal(true);
    expect(isHealthy(sample('Metta', { ready: false }), sample('Blake'))).to.equal(false);
    expect(isHealthy(sample('Metta'), { kind: 'down', reason: '' })).to.equal(false);
    expect(isHealthy(sample('Metta'), { kind: 'unexpected', reason: '' })).to.equal(false);
    expect(isHealthy(sample('Metta'), sample('Blake', { link: { state: 'catching-up' } }))).to.equal(false);
  });

  it('shows both states of a link if they differ, and the time of the last change', () => {
    const [link] = summarizeHerd(
      config,
      undefined,
      look(
        sample('Metta', { link: { state: 'backoff', sinceMs: 40, reason: 'ECONNRESET' } }),
        sample('Blake', { link: { sinceMs: 90_000 } }),
      ),
    ).links;
    expect(link).to.deep.equal({
      servers: ['Blake', 'Metta'],
      state: 'backoff / live',
      sinceMs: 40,
      reason: 'ECONNRESET',
    });
  });

  it('shows the injected fault of a link once, whichever end reports it', () => {
    const why = (blake: Partial<HerdResponse['links'][number]>, metta: typeof blake) =>
      summarizeHerd(config, undefined, look(sample('Metta', { link: blake }), sample('Blake', { link: metta })))
        .links[0]?.reason;
    const [cut, slow] = [{ kind: 'cut' }, { kind: 'slow', delayMs: 500 }] as const;
    expect(why({}, { injectedFault: slow })).to.equal('slowed by 500 ms manually');
    expect(why({ injectedFault: slow, reason: 'ECONNRESET' }, {})).to.equal('slowed by 500 ms manually; ECONNRESET');
    expect(why({ injectedFault: cut, reason: 'cut manually' }, { injectedFault: cut })).to.equal('cut manually');
  });

  it('shows a link that no server reports as unknown', () => {
    const down: ServerSample = { kind: 'down', reason: 'ECONNREFUSED' };
    const { links } = summarizeHerd(config, undefined, look(down, down));
    expect(links).to.deep.equal([{ servers: ['Blake', 'Metta'], state: 'unknown', sinceMs: undefined, reason: '' }]);
  });

  const live: HerdResponse['nats'] = {
    state: 'live',
    sinceMs: 5,
    retryInMs: 0,
    reason: '',
    members: ['Blake', 'Metta'],
    partitions: { complete: 256, filling: 0, leaving: 0, short: 0 },
  };

  it('lists the partitions of each server on NATS, and is not healthy while one is not live or a partition is short', () => {
    const onNats = parseConfig(
      'herd.yaml',
      'herd: h\nservers: { Blake: { port: 1 }, Metta: { port: 3 } }\nreplication: { kind: nats, servers: ["localhost:4222"] }',
      {},
    );
    const picture = (blake: ServerSample, metta: ServerSample) => summarizeHerd(onNats, undefined, look(blake, metta));
    const seen = (nats: HerdResponse['nats']) => picture(sample('', { nats: live }), sample('', { nats }));
    const { partitions } = live;
    expect(seen(live).healthy).to.equal(true);
    const away = { ...live, state: 'backoff', sinceMs: 7, reason: 'ECONNREFUSED', members: ['Metta'] } as const;
    expect(seen(away).healthy).to.equal(false);
    expect(seen(away).nats).to.deep.equal([
      { server: 'Blake', state: 'live', sinceMs: 5, members: 2, partitions, reason: '' },
      { server: 'Metta', state: 'backoff', sinceMs: 7, members: 1, partitions, reason: 'ECONNREFUSED' },
    ]);
    expect(seen({ ...live, partitions: { ...partitions, short: 1 } }).healthy).to.equal(false);
    const withoutHttp = picture(sample('', { nats: live }), { kind: 'reachable' });
    expect(withoutHttp.nats[1]).to.include({ state: 'unknown', members: undefined });
    expect(withoutHttp.healthy).to.equal(true);
    expect(seen(null).nats[1]).to.deep.equal({
      server: 'Metta',
      state: 'none',
      sinceMs: undefined,
      members: undefined,
      partitions: undefined,
      reason: 'started with a herd.yaml without NATS',
    });
    expect(seen(null).healthy).to.equal(false);
  });

  it('counts missing locations only where all partitions are held', () => {
    const missing = (partitions: NonNullable<HerdResponse['nats']>['partitions']) => {
      const blake = sample('', { locations: 7, nats: { ...live, partitions } });
      return summarizeHerd(config, undefined, look(blake, sample('', { locations: 9 }))).servers[0]?.stored?.missing;
    };
    expect(missing({ complete: 250, filling: 4, leaving: 2, short: 0 })).to.equal(2);
    expect(missing({ complete: 128, filling: 0, leaving: 0, short: 0 })).to.equal(undefined);
  });

  it('lists bridge servers', () => {
    const bridged = parseConfig(
      'herd.yaml',
      'herd: h\nservers: { Blake: { port: 1, peerPort: 2 }, Metta: { port: 3, peerPort: 4 } }\ntopology: { Blake: [Metta] }\n' +
        'bridge: { via: [Metta], servers: ["localhost:4222"], name: b }',
      {},
    );
    const { nats } = summarizeHerd(bridged, undefined, look(sample(''), sample('', { nats: live })));
    expect(nats.map(({ server, state }) => [server, state])).to.deep.equal([['Metta', 'live']]);
  });
});
