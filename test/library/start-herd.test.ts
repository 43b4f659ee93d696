import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { connect, startHerd, type HerdConfigInput, type RunningHerd } from '../../src/library/index.js';
import { eventually } from '../support/eventually.js';
import { museumService, museumsNearby } from '../upstreams/museums.js';
import { validKey } from '../upstreams/services.js';
import { UpstreamService } from '../upstreams/upstream-service.js';

const anyPort = { port: 0, peerPort: 0 };
const pair: HerdConfigInput = {
  herd: 'pair',
  servers: { Blake: { ...anyPort, httpPort: 0 }, Metta: anyPort },
  topology: { Blake: ['Metta'] },
};

/** What a program would notice of a herd that did not keep to itself. */
function heardByTheProcess(): unknown {
  return (['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection'] as const).map((event) =>
    process.listenerCount(event),
  );
}

async function problemsOf(starting: Promise<RunningHerd>): Promise<unknown> {
  return starting.then(
    (herd) => herd.stop(),
    (error: unknown) => error,
  );
}

describe('startHerd', () => {
  it('runs a herd in this process, reports what is learned, and leaves the process alone', async () => {
    const before = heardByTheProcess();
    const learned: string[] = [];
    const herd = await startHerd({
      config: pair,
      onLearned: (server, locations) => learned.push(...locations.map(({ client }) => `${server}: ${client}`)),
    });
    expect(heardByTheProcess()).to.deep.equal(before);
    expect(herd.name).to.equal('pair');
    expect([...herd.servers.keys()]).to.deep.equal(['Blake', 'Metta']);
    const [blake, metta] = [herd.servers.get('Blake'), herd.servers.get('Metta')];
    expect(blake?.httpPort).to.be.above(0);
    expect(metta).to.include({ host: '127.0.0.1', peerPort: undefined, httpPort: undefined });

    // A program's herd is no toy of whoever sits at the machine.
    const crash = await fetch(`http://127.0.0.1:${blake?.httpPort ?? 0}/api/admin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'crash', server: 'Blake' }),
    });
    expect(crash.status).to.equal(403);

    const client = await connect({ port: blake?.port ?? 0 });
    const other = await connect({ port: metta?.port ?? 0 });
    const location = await client.report('kiwi', { latitude: 34.06893, longitude: -118.445127 });
    await eventually('Metta learned it', () => learned.includes('Metta: kiwi'));
    expect(await other.where('kiwi')).to.deep.equal(location);
    expect((await other.nearby('kiwi', 10, 1))?.answer)
      .to.have.property('results')
      .with.lengthOf(1);
    await Promise.all([herd.stop(), herd.stop()]);
    for (const one of [client, other]) one.close();
    expect(learned.sort()).to.deep.equal(['Blake: kiwi', 'Metta: kiwi']);
  });

  it('queries a custom upstream with the settings of the configuration', async () => {
    const service = new UpstreamService(museumService);
    await service.start();
    const herd = await startHerd({
      config: { ...pair, upstream: { kind: 'sample', cacheTtlSeconds: 0, budget: { requestsPerDay: 1 } } },
      upstream: museumsNearby(service.url, validKey),
    });
    const { port = 0, httpPort = 0 } = herd.servers.get('Blake') ?? {};
    const client = await connect({ port });
    try {
      await client.report('kiwi', { latitude: 34.06893, longitude: -118.445127 });
      const nearby = await client.nearby('kiwi', 40, 2);
      expect(nearby?.answer).to.deep.include({ status: 'OK', info_messages: ['adjusted radius to 30km'] });
      expect(nearby?.answer).to.have.property('results').with.nested.property('[1].name', 'Musée 1 – é');
      expect((await client.nearby('kiwi', 40, 2))?.answer)
        .to.have.property('error_message')
        .that.matches(/upstream budget exhausted/);
      const herdStatus = (await (await fetch(`http://127.0.0.1:${httpPort}/api/herd`)).json()) as { upstream: unknown };
      expect(herdStatus.upstream).to.deep.equal({ kind: 'custom', maxCount: 20 });
      expect(service.requests).to.have.lengthOf(1);
    } finally {
      client.close();
      await herd.stop();
      await service.stop();
    }
    const broken = { ...museumsNearby('http://127.0.0.1', validKey), maxCount: NaN };
    expect(await problemsOf(startHerd({ config: pair, upstream: broken }))).to.include({ code: 'HERD_CONFIG' });
  });

  it('rejects invalid configurations', async () => {
    const wrong: unknown = {
      herd: 'h',
      servers: { Blake: { port: 1, peerPort: 70_000 } },
      logs: {},
      topology: { Blake: ['Shaq'] },
    };
    expect(await problemsOf(startHerd({ config: wrong as HerdConfigInput }))).to.deep.include({ code: 'HERD_CONFIG' });
    const unknownNeighbour = await problemsOf(startHerd({ config: { ...pair, topology: { Blake: ['Shaq'] } } }));
    expect(unknownNeighbour)
      .to.have.property('message')
      .that.matches(/^config: topology\.Blake: unknown server Shaq/);
    const unknown = await problemsOf(startHerd({ config: pair, servers: ['Shaq'] }));
    expect(unknown)
      .to.have.property('message')
      .that.matches(/^unknown server Shaq in config \(expected one of: Blake, Metta\)$/);
    expect(await problemsOf(startHerd({} as Parameters<typeof startHerd>[0]))).to.deep.include({
      problems: ['startHerd requires { config: ... } or { file: ... }'],
    });
    expect(await problemsOf(startHerd({ file: 'nowhere.yaml' }))).to.deep.include({ code: 'HERD_CONFIG' });
  });

  it('reads no environment but the one passed in', async () => {
    const config: HerdConfigInput = { ...pair, upstream: { kind: 'x', apiKeyEnv: 'PATH' } };
    expect(await problemsOf(startHerd({ config })))
      .to.have.property('message')
      .that.includes('variable PATH');
    expect(await problemsOf(startHerd({ config, environment: { PATH: 'a-key' } })))
      .to.have.property('message')
      .that.equals('the environment variable PATH is not a valid key: a key must have 16 characters or more');
    await (await startHerd({ config, environment: { PATH: 'a-key-0123456789' } })).stop();
  });

  it('leaves no server running if a port is in use', async () => {
    const occupant = createServer().listen({ host: '127.0.0.1', port: 0 });
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const servers = { Blake: anyPort, Metta: { port, peerPort: 0 } };
    expect(await problemsOf(startHerd({ config: { ...pair, servers } }))).to.include({ code: 'HERD_PORT' });
    occupant.close();
    await once(occupant, 'close');
    await (await startHerd({ config: { ...pair, servers } })).stop();
  });
});
