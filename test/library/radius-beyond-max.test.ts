import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { connect, startHerd, type HerdOptions, type HerdConfigInput } from '../../src/library/index.js';
import { Client } from '../support/client.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { museumsNearby } from '../upstreams/museums.js';
import { validKey } from '../upstreams/services.js';

/** Nobody listens there: an upstream that is asked gives an error, and one that is not none. */
const url = 'http://127.0.0.1:9';
const environment = { KEY: validKey };
const contact = 'tests@example.org';

type Kind = NonNullable<HerdConfigInput['upstream']>;
type Rule = NonNullable<Kind['radiusBeyondMax']>;

const kinds: readonly (readonly [what: string, upstream: Kind, mostKm: number, rule: Rule])[] = [
  ['sample, twitter', { kind: 'sample', format: 'twitter' }, 2_500, 'clamp'],
  ['sample, places', { kind: 'sample', format: 'places' }, 50, 'reject'],
  ['twitter', { kind: 'twitter', url }, 2_500, 'clamp'],
  ['x', { kind: 'x', url, apiKeyEnv: 'KEY' }, 40, 'clamp'],
  ['google-places', { kind: 'google-places', url, apiKeyEnv: 'KEY' }, 50, 'reject'],
  ['google-places-legacy', { kind: 'google-places-legacy', url, apiKeyEnv: 'KEY' }, 50, 'reject'],
  ['wikipedia', { kind: 'wikipedia', url, contact }, 10, 'reject'],
];

describe("a radius beyond the upstream's maximum", function () {
  this.timeout(20_000);
  let folder: TemporaryFolder;

  before(() => (folder = new TemporaryFolder()));
  after(() => folder.remove());

  /** Starts a server, and asserts what it answers to a WHATSAT with the largest radius, and with one that is larger. */
  async function expectRule(upstream: Kind, mostKm: number, rule: Rule, own?: HerdOptions['upstream']): Promise<void> {
    const herd = await startHerd({
      config: {
        herd: 'radii',
        servers: { Solo: { port: 0, peerPort: 0, httpPort: 0 } },
        upstream: { ...upstream, maxAttempts: 1 },
      },
      environment,
      ...(own === undefined ? {} : { upstream: own }),
    });
    const { port = 0, httpPort = 0 } = herd.servers.get('Solo') ?? {};
    const client = await Client.connect(port);
    const phone = await connect({ port });
    try {
      const at = await client.request('IAMAT kiwi +34.068930-118.445127 1');
      expect(await client.request(`WHATSAT kiwi ${mostKm} 1`)).to.equal(at);
      await client.line();
      const beyond = `WHATSAT kiwi ${mostKm}.001 1`;
      const near = `http://127.0.0.1:${httpPort}/api/clients/kiwi/near?count=1&radius=`;
      expect((await fetch(`${near}${mostKm}`)).status).to.equal(200);
      const overHttp = await fetch(`${near}${mostKm}.001`);
      if (rule === 'clamp') {
        expect(await client.request(beyond)).to.equal(at);
        await client.line();
        expect(overHttp.status).to.equal(200);
        expect(await phone.nearby('kiwi', mostKm + 1, 1)).to.have.property('location');
      } else {
        expect(await client.request(beyond)).to.equal(`? ${beyond}`);
        expect(overHttp.status).to.equal(400);
        expect(await overHttp.json()).to.deep.equal({ error: `radius must be at most ${mostKm}` });
        const refusal: unknown = await phone.nearby('kiwi', mostKm + 1, 1).catch((error: unknown) => error);
        expect(refusal).to.have.property('message').that.includes('count or radius may exceed');
      }
    } finally {
      client.close();
      phone.close();
      await herd.stop();
    }
  }

  for (const [what, upstream, mostKm, rule] of kinds) {
    const other = rule === 'clamp' ? 'reject' : 'clamp';
    it(`[WH3] ${rule} is what ${what} does, and ${other} if herd.yaml says so`, async () => {
      await expectRule(upstream, mostKm, rule);
      await expectRule({ ...upstream, radiusBeyondMax: other }, mostKm, other);
    });
  }

  for (const [recorded, rule] of [
    [{}, 'clamp'],
    [{ radiusBeyondMax: 'reject' }, 'reject'],
  ] as const) {
    it(`[WH3] ${rule} is what replay does if that was recorded: ${JSON.stringify(recorded)}`, async () => {
      const head = {
        recording: 'herd upstream 1',
        maxCount: 20,
        maxRadiusKm: 50,
        ...recorded,
        failure: '{"error":"MESSAGE"}',
      };
      const file = folder.pathTo(`${rule}.jsonl`);
      writeFileSync(file, JSON.stringify(head));
      await expectRule({ kind: 'replay', file }, 50, rule);
      await expectRule({ kind: 'replay', file, radiusBeyondMax: 'reject' }, 50, 'reject');
    });
  }

  it('[WH3] a custom upstream clamps by default', async () => {
    const museums = museumsNearby(url, validKey);
    await expectRule({ kind: 'sample' }, 30, 'clamp', museums);
    await expectRule({ kind: 'sample' }, 30, 'reject', { ...museums, radiusBeyondMax: 'reject' });
    await expectRule({ kind: 'sample', radiusBeyondMax: 'reject' }, 30, 'reject', museums);
  });
});
