import { expect } from 'chai';
import type { HerdAnswer, HerdLook, ServerLook } from '../../../../src/cli/commands/status/poll.js';
import { pictureOf } from '../../../../src/cli/commands/status/summary.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { parseConfig } from '../../../../src/runtime/config/load.js';

const text = `
herd: h
servers: { Blake: { port: 1, peerPort: 2 }, Metta: { port: 3, peerPort: 4 } }
talks: { Blake: [Metta] }
`;
const config = parseConfig('herd.yaml', text, {});

interface Told {
  readonly atMs?: number;
  readonly ready?: boolean;
  readonly locations?: number;
  readonly counts?: Partial<HerdAnswer['counts']>;
  readonly link?: Partial<HerdAnswer['links'][number]>;
  readonly bucket?: HerdAnswer['bucket'];
}

function told(
  neighbour: string,
  { atMs = 0, ready = true, locations = 0, counts, link, bucket = null }: Told = {},
): ServerLook {
  const none = { commands: 0, reports: 0, learned: 0, spread: { boundsSeconds: [1], counts: [0, 0] } };
  return {
    kind: 'told',
    atMs,
    answer: {
      server: 'anybody',
      ready,
      waitsFor: ready ? [] : [`catching up with ${neighbour}`],
      locations,
      hold: 'all',
      clients: 0,
      links: [{ neighbour, state: 'live', sinceMs: 5_000, reason: '', fault: { kind: 'none' }, ...link }],
      bucket,
      counts: { ...none, ...counts },
    },
  };
}

function look(blake: ServerLook, metta: ServerLook): HerdLook {
  return new Map([
    ['Blake' as ServerId, blake],
    ['Metta' as ServerId, metta],
  ]);
}

describe('the picture of a herd', () => {
  it('has rates a second and lag of what came between two looks', () => {
    const spread = { boundsSeconds: [1], counts: [4, 0] };
    const before = look(told('Metta', { atMs: 1_000, counts: { reports: 10 } }), told('Blake'));
    const after = look(
      told('Metta', { atMs: 3_000, locations: 9, counts: { reports: 14, commands: 1, learned: 4, spread } }),
      told('Blake', { locations: 7 }),
    );
    const [blake, metta] = pictureOf(config, before, after).servers;
    expect(blake?.pace).to.deep.equal({ reports: 2, learned: 2, commands: 0.5, lag: { p50: 1, p99: 1 } });
    expect([blake?.held?.behind, metta?.held?.behind]).to.deep.equal([0, 2]);
  });

  it('has no rates of a server that was looked at once, or was started anew in between', () => {
    const after = look(told('Metta', { atMs: 2_000, counts: { reports: 3 } }), told('Blake', { atMs: 2_000 }));
    expect(pictureOf(config, undefined, after).servers[0]?.pace).to.equal(undefined);
    const before = look(told('Metta', { counts: { reports: 9 } }), { kind: 'down', reason: 'ECONNREFUSED' });
    for (const { pace } of pictureOf(config, before, after).servers) expect(pace).to.equal(undefined);
  });

  it('is sound if all servers are up and ready and all links live', () => {
    const sound = (blake: ServerLook, metta: ServerLook) => pictureOf(config, undefined, look(blake, metta)).sound;
    expect(sound(told('Metta'), told('Blake'))).to.equal(true);
    expect(sound(told('Metta'), { kind: 'takes clients' })).to.equal(true);
    expect(sound(told('Metta', { ready: false }), told('Blake'))).to.equal(false);
    expect(sound(told('Metta'), { kind: 'down', reason: '' })).to.equal(false);
    expect(sound(told('Metta'), { kind: 'strange', reason: '' })).to.equal(false);
    expect(sound(told('Metta'), told('Blake', { link: { state: 'catching-up' } }))).to.equal(false);
  });

  it('shows both ends of a link where they differ, and since the last change', () => {
    const [link] = pictureOf(
      config,
      undefined,
      look(
        told('Metta', { link: { state: 'backoff', sinceMs: 40, reason: 'ECONNRESET' } }),
        told('Blake', { link: { sinceMs: 90_000 } }),
      ),
    ).links;
    expect(link).to.deep.equal({
      between: ['Blake', 'Metta'],
      state: 'backoff / live',
      sinceMs: 40,
      why: 'ECONNRESET',
    });
  });

  it('says what is done to a link by hand, whichever end tells, and once', () => {
    const why = (blake: Partial<HerdAnswer['links'][number]>, metta: typeof blake) =>
      pictureOf(config, undefined, look(told('Metta', { link: blake }), told('Blake', { link: metta }))).links[0]?.why;
    const [cut, slow] = [{ kind: 'cut' }, { kind: 'slow', delayMs: 500 }] as const;
    expect(why({}, { fault: slow })).to.equal('slowed by 500 ms by hand');
    expect(why({ fault: slow, reason: 'ECONNRESET' }, {})).to.equal('slowed by 500 ms by hand; ECONNRESET');
    expect(why({ fault: cut, reason: 'cut by hand' }, { fault: cut })).to.equal('cut by hand');
  });

  it('says of a link that nobody told of that it is unknown', () => {
    const down: ServerLook = { kind: 'down', reason: 'ECONNREFUSED' };
    const { links } = pictureOf(config, undefined, look(down, down));
    expect(links).to.deep.equal([{ between: ['Blake', 'Metta'], state: 'unknown', sinceMs: undefined, why: '' }]);
  });

  it('has the bucket of each server of a herd on NATS, and is not sound while one is not live', () => {
    const onNats = parseConfig(
      'herd.yaml',
      'herd: h\nservers: { Blake: { port: 1 }, Metta: { port: 3 } }\nspread: { kind: nats, servers: ["localhost:4222"] }',
      {},
    );
    const live = { state: 'live', sinceMs: 5, reason: '', waiting: 0 };
    const away = { state: 'away', sinceMs: 7, reason: 'ECONNREFUSED', waiting: 3 };
    const picture = (blake: ServerLook, metta: ServerLook) => pictureOf(onNats, undefined, look(blake, metta));
    expect(picture(told('', { bucket: live }), told('', { bucket: away })).buckets).to.deep.equal([
      { server: 'Blake', state: 'live', sinceMs: 5, waiting: 0, why: '' },
      { server: 'Metta', state: 'away', sinceMs: 7, waiting: 3, why: 'ECONNREFUSED' },
    ]);
    expect(picture(told('', { bucket: live }), told('', { bucket: away })).sound).to.equal(false);
    const withoutHttp = picture(told('', { bucket: live }), { kind: 'takes clients' });
    expect(withoutHttp.buckets[1]).to.include({ state: 'unknown', waiting: undefined });
    expect(withoutHttp.sound).to.equal(true);
    const withoutBucket = picture(told('', { bucket: live }), told('', { bucket: null }));
    expect(withoutBucket.buckets[1]).to.deep.equal({
      server: 'Metta',
      state: 'none',
      sinceMs: undefined,
      waiting: undefined,
      why: 'it was started with a herd.yaml that gives it none',
    });
    expect(withoutBucket.sound).to.equal(false);
  });

  it('has the buckets of those servers that bridge a herd that floods', () => {
    const bridged = parseConfig(
      'herd.yaml',
      'herd: h\nservers: { Blake: { port: 1, peerPort: 2 }, Metta: { port: 3, peerPort: 4 } }\ntalks: { Blake: [Metta] }\n' +
        'bridge: { by: [Metta], servers: ["localhost:4222"], bucket: b }',
      {},
    );
    const live = { state: 'live', sinceMs: 5, reason: '', waiting: 0 };
    const { buckets } = pictureOf(bridged, undefined, look(told(''), told('', { bucket: live })));
    expect(buckets.map(({ server, state }) => [server, state])).to.deep.equal([['Metta', 'live']]);
  });
});
