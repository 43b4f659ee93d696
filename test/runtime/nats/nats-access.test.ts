import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { NatsPubSub } from '../../../src/runtime/nats/nats-pub-sub.js';
import { requireFeatures } from '../../../src/runtime/nats/nats-server-info.js';
import type { NatsSettings } from '../../../src/runtime/nats/nats-settings.js';
import { Authority } from '../../support/authority.js';
import { eventually } from '../../support/eventually.js';
import { makeNatsAccount } from '../../support/nats-account.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { natsSettings } from '../../support/nats-settings.js';
import { freePort } from '../../support/ports.js';
import { RecordedSession } from '../../support/recorded-session.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';

/** Tries to open a session; returns `opened`, or why it failed. */
async function outcomeOf(address: string, settings: Partial<NatsSettings> = {}): Promise<string> {
  const recorded = new RecordedSession(new NatsPubSub(natsSettings([address], settings), 'test'));
  try {
    return await recorded.outcome();
  } finally {
    recorded.session.close();
  }
}

describeWithNats('access to NATS', function () {
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

  it('is given to a user with a password', async () => {
    const address = await start('authorization { user: "herd", password: "right" }');
    const as = (password: string) => outcomeOf(address, { credentials: { kind: 'user', user: 'herd', password } });
    expect(await as('right')).to.equal('opened');
    expect(await as('wrong-one'))
      .to.match(/NATS authentication failed/)
      .and.not.contain('wrong-one');
    expect(await outcomeOf(address)).to.match(/NATS authentication failed/);
  });

  it('is given for a token', async () => {
    const address = await start('authorization { token: "right" }');
    const as = (token: string) => outcomeOf(address, { credentials: { kind: 'token', token } });
    expect(await as('right')).to.equal('opened');
    expect(await as('wrong')).to.match(/authentication failed/);
  });

  it('is given for a credentials file, which is read for each connection', async () => {
    const [account, other] = [makeNatsAccount(), makeNatsAccount()];
    const address = await start(...account.configuration);
    const path = folder.pathTo('herd.creds');
    const outcome = () => outcomeOf(address, { credentials: { kind: 'file', path } });
    expect(await outcome()).to.match(/ENOENT.*herd\.creds/);
    writeFileSync(path, other.credentials);
    expect(await outcome()).to.match(/authentication failed/);
    writeFileSync(path, account.credentials);
    expect(await outcome()).to.equal('opened');
  });

  it('is given over TLS with certificates of both sides', async () => {
    const authority = await Authority.create(folder, 'ours');
    const stranger = await Authority.create(folder, 'others');
    const { cert, key, ca } = await authority.certify('localhost');
    const own = await authority.certify('Blake');
    await start(`tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`);
    const address = `localhost:${nats?.port ?? 0}`;
    expect(await outcomeOf(address, { tls: own })).to.equal('opened');
    expect(await outcomeOf(address, { tls: { ...own, ca: stranger.ca } })).to.match(/certificate/);
    expect(await outcomeOf(address, { tls: { ca } })).to.not.equal('opened');
  });

  it('is not tried without TLS if TLS is configured', async () => {
    expect(await outcomeOf(await start(), { tls: {} })).to.match(/tls/i);
  });

  it('is refused to a nats-server with a small max_payload, or without headers', async () => {
    const address = await start('max_payload: 65535');
    const small = `nats-server at ${address} has max_payload 65535; Herd needs 65536 bytes or more`;
    expect(await outcomeOf(address)).to.equal(small);
    await nats?.stop();
    const without = await start('no_header_support: true');
    expect(await outcomeOf(without)).to.equal(
      `nats-server at ${without} has headers disabled; Herd needs them (remove no_header_support)`,
    );
  });

  describe('by permissions', () => {
    const settings = { credentials: { kind: 'user', user: 'herd', password: 'p' } } as const;

    /** Starts a nats-server that grants these subjects. */
    async function grant(publish: string, subscribe: string): Promise<NatsPubSub> {
      const permissions = `{ publish: "${publish}", subscribe: "${subscribe}" }`;
      const address = await start(
        `authorization { users: [{ user: "herd", password: "p", permissions: ${permissions} }] }`,
      );
      return new NatsPubSub(natsSettings([address], settings), 'test');
    }

    it('to the subjects of the herd suffices', async () => {
      const pubSub = await grant('herd.x.>', 'herd.x.>');
      const [a, b] = await Promise.all([RecordedSession.open(pubSub), RecordedSession.open(pubSub)]);
      a.session.subscribe('herd.x.servers.a.>');
      a.session.subscribe('herd.x.presence');
      a.session.subscribe('herd.x.lookup.1', 'holders');
      await eventually('the request arrives', () => {
        b.publish('herd.x.lookup.1', 'kiwi', 'herd.x.servers.b.reply.1');
        return a.received.length > 0;
      });
      a.publish('herd.x.lookup.2', 'kiwi', 'herd.x.servers.a.reply.1');
      await eventually('no subscriber is reported', () => a.unanswered.length > 0);
      expect([a.reason, b.reason]).to.deep.equal([undefined, undefined]);
      for (const each of [a, b]) each.session.close();
    });

    it('to fewer subjects ends the session with what is missing', async () => {
      const subscriber = await RecordedSession.open(await grant('herd.x.>', 'herd.x.presence'));
      subscriber.session.subscribe('herd.x.presence');
      subscriber.session.subscribe('herd.x.lookup.1', 'holders');
      const needed = 'it must be allowed to publish and subscribe to herd.x.>';
      expect(await subscriber.whenClosed()).to.equal(
        `NATS permission denied: the user may not subscribe to herd.x.lookup.1; ${needed}`,
      );
      await nats?.stop();
      const publisher = await RecordedSession.open(await grant('herd.other.>', 'herd.x.>'));
      publisher.publish('herd.x.presence', '');
      expect(await publisher.whenClosed()).to.equal(
        `NATS permission denied: the user may not publish to herd.x.presence; ${needed}`,
      );
    });
  });
});

describe('a nats-server', () => {
  for (const [version, verdict] of [
    ['2.9.3', 'too old'],
    ['2.8.99', 'too old'],
    ['1.4.1', 'too old'],
    ['unknown', 'too old'],
    ['2.9.4', 'accepted'],
    ['2.10.0', 'accepted'],
    ['2.12.1-RC.1', 'accepted'],
    ['10.0.0', 'accepted'],
  ] as const) {
    it(`of version ${version} is ${verdict}`, () => {
      const info = { version, headers: true, max_payload: 1_048_576 };
      const check = () => requireFeatures(info, '127.0.0.1:4222');
      if (verdict === 'accepted') expect(check).to.not.throw();
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

/** Greets like an old nats-server, and responds to pings only. */
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
