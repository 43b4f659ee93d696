import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import type { NatsSettings } from '../../../src/runtime/nats/nats-settings.js';
import { requireVersion } from '../../../src/runtime/nats/nats-version.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { makeNatsAccount } from '../../support/nats-account.js';
import { natsSettings } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { freePort } from '../../support/ports.js';

/** Tries to open a bucket; returns what came of it: `loaded`, or why not. */
async function outcomeOf(address: string, more: Partial<NatsSettings> = {}): Promise<string> {
  let outcome: string | undefined;
  const session = new NatsBucket(natsSettings([address], more), 'test').open(
    {
      opened: () => undefined,
      warned: () => undefined,
      changed: () => undefined,
      loaded: () => (outcome = 'loaded'),
      closed: (_, reason) => (outcome = reason),
    },
    'everything',
  );
  try {
    return await eventually('the bucket is opened or not', () => outcome);
  } finally {
    session.close();
  }
}

describeWithNats('a bucket of NATS that not everybody may open', function () {
  this.timeout(30_000);
  let nats: NatsServer | undefined;
  let folder: TemporaryFolder;

  beforeEach(() => {
    folder = new TemporaryFolder();
  });

  afterEach(async () => {
    await nats?.stop();
    nats = undefined;
    folder.remove();
  });

  async function start(...configuration: readonly string[]): Promise<string> {
    nats = await NatsServer.start(configuration);
    return nats.address;
  }

  it('is opened with a user and a password', async () => {
    const address = await start('authorization { user: "herd", password: "right" }');
    expect(await outcomeOf(address, { credentials: { kind: 'user', user: 'herd', password: 'right' } })).to.equal(
      'loaded',
    );
    const refused = await outcomeOf(address, { credentials: { kind: 'user', user: 'herd', password: 'wrong-one' } });
    expect(refused)
      .to.match(/NATS authentication failed/)
      .and.not.contain('wrong-one');
    expect(await outcomeOf(address)).to.match(/NATS authentication failed/);
  });

  it('is opened with a token', async () => {
    const address = await start('authorization { token: "right" }');
    expect(await outcomeOf(address, { credentials: { kind: 'token', token: 'right' } })).to.equal('loaded');
    expect(await outcomeOf(address, { credentials: { kind: 'token', token: 'wrong' } })).to.match(
      /authentication failed/,
    );
  });

  it('is opened with a file of credentials, which is read anew each time', async () => {
    const [account, other] = [makeNatsAccount(), makeNatsAccount()];
    const address = await start(...account.configuration);
    const path = folder.pathTo('herd.creds');
    expect(await outcomeOf(address, { credentials: { kind: 'file', path } })).to.match(/ENOENT.*herd\.creds/);
    writeFileSync(path, other.credentials);
    expect(await outcomeOf(address, { credentials: { kind: 'file', path } })).to.match(/authentication failed/);
    writeFileSync(path, account.credentials);
    expect(await outcomeOf(address, { credentials: { kind: 'file', path } })).to.equal('loaded');
  });

  it('is opened over TLS, with a certificate on both sides, by those who believe the one of NATS', async () => {
    const authority = await Authority.create(folder, 'ours');
    const stranger = await Authority.create(folder, 'others');
    const { cert, key, ca } = await authority.certify('localhost');
    const own = await authority.certify('Blake');
    await start(`tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`);
    const address = `localhost:${nats?.port ?? 0}`;
    expect(await outcomeOf(address, { tls: own })).to.equal('loaded');
    expect(await outcomeOf(address, { tls: { ...own, ca: stranger.ca } })).to.match(/certificate/);
    expect(await outcomeOf(address, { tls: { ca } })).to.not.equal('loaded');
  });

  it('is not opened in the clear where TLS is asked for', async () => {
    expect(await outcomeOf(await start(), { tls: {} })).to.match(/tls/i);
  });

  it('says that JetStream is not enabled', async () => {
    const address = await start('jetstream: disabled');
    expect(await outcomeOf(address)).to.match(/JetStream/i);
  });
});

describe('a nats-server', () => {
  for (const [version, verdict] of [
    ['2.9.3', 'too old'],
    ['2.8.99', 'too old'],
    ['1.4.1', 'too old'],
    ['unknown', 'too old'],
    ['2.9.4', 'taken'],
    ['2.10.0', 'taken'],
    ['2.12.1-RC.1', 'taken'],
    ['10.0.0', 'taken'],
  ] as const) {
    it(`of version ${version} is ${verdict}`, () => {
      const check = () => requireVersion(version, '127.0.0.1:4222');
      if (verdict === 'taken') expect(check).to.not.throw();
      else expect(check).to.throw(`nats-server at 127.0.0.1:4222 is version ${version}; Herd needs 2.9.4 or later`);
    });
  }

  it('that is too old is not used', async () => {
    const old = await startOld(await freePort());
    try {
      const { port } = old.address() as { port: number };
      const outcome = await outcomeOf(`127.0.0.1:${port}`);
      expect(outcome).to.equal(`nats-server at 127.0.0.1:${port} is version 2.9.3; Herd needs 2.9.4 or later`);
    } finally {
      old.close();
    }
  });
});

/** Greets like a nats-server of long ago, and says nothing else than that it is there. */
function startOld(port: number): Promise<Server> {
  const info = {
    server_id: 'old',
    version: '2.9.3',
    proto: 1,
    host: '127.0.0.1',
    port,
    headers: true,
    max_payload: 1_000,
  };
  const server = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (chunk) => {
      if (chunk.includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => undefined);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}
