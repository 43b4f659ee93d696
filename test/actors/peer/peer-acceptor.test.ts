import { expect } from 'chai';
import type { PeerIdentity, Secrets } from '../../../src/protocol/peer/handshake.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { acceptChannel, PeerAcceptor } from '../../../src/actors/peer/peer-acceptor.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../support/fake-bus.js';
import { FakeSecrets } from '../../support/fake-secrets.js';
import { toServerId } from '../../support/fake-location.js';
import { ChannelReporter, FakePeerWire, TrustedFakeWire } from '../../support/fake-peer-wire.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

const blake = toServerId('Blake');
const identity: PeerIdentity = {
  herd: 'twitter',
  server: toServerId('Bryant'),
  neighbours: [blake, toServerId('Metta')],
};
const hello = 'HELLO 3 twitter Blake Bryant';

const wrongSecret = 'Blake does not have a secret that is valid for Bryant: HERD_SECRET differs';
const missingSecret = 'Bryant requires the herd secret and Blake has none: set HERD_SECRET for Blake';
const otherVersion = 'Blake uses version 2 of the peer protocol, Bryant version 3';
const notInTurn = 'unexpected line in the handshake';

describe('PeerAcceptor', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let link: FakeActor<LinkMessage>;
  let acceptor: PeerAcceptor;
  let refused: { reason: string }[];

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    link = new FakeActor();
    refused = collectEvents(bus, 'peer-rejected');
    begin(undefined);
    bus.attach(addresses.link(blake), link);
  });

  function begin(secrets: Secrets | undefined): void {
    acceptor = new PeerAcceptor(bus, clock, secrets, identity);
    bus.attach(addresses.acceptor, acceptor);
  }

  function call(): { wire: FakePeerWire; mailbox: ChannelReporter } {
    return callOver(new FakePeerWire('192.0.2.7:40000'));
  }

  function callOver(channel: FakePeerWire): { wire: FakePeerWire; mailbox: ChannelReporter } {
    return { wire: channel, mailbox: new ChannelReporter(acceptChannel(bus, channel)) };
  }

  it('[PE3] answers a neighbour, and hands its channel over to its link with every line after the hello', () => {
    const { wire, mailbox } = call();
    mailbox.lines(wire, [hello, 'one', 'two']);
    mailbox.lines(wire, ['three']);
    mailbox.drained(wire);
    mailbox.closed(wire, 'ECONNRESET');
    expect(link.received).to.deep.equal([
      { kind: 'peer-accepted', channel: wire },
      { kind: 'channel-lines', channel: wire, lines: ['one', 'two'] },
      { kind: 'channel-lines', channel: wire, lines: ['three'] },
      { kind: 'channel-drained', channel: wire },
      { kind: 'channel-closed', channel: wire, reason: 'ECONNRESET' },
    ]);
    expect(wire.sent).to.deep.equal(['HELLO 3 twitter Bryant Blake']);
    expect(clock.armedTimerCount).to.equal(0);
  });

  for (const [name, line, reason] of [
    ['another herd', 'HELLO 3 places Blake Bryant', 'Blake belongs to herd places, Bryant to herd twitter'],
    ['another version', 'HELLO 2 twitter Blake Bryant', otherVersion],
    ['a call for somebody else', 'HELLO 3 twitter Blake Gasol', 'Gasol was dialled, but this is Bryant'],
    ['a server that is no neighbour', 'HELLO 3 twitter Gasol Bryant', 'Gasol is not a neighbour of Bryant'],
    ['a location', 'AT Howard +0.100000000 kiwi +1+1 1 Blake', notInTurn],
    ['half a hello', 'HELLO 3 twitter Blake', notInTurn],
    ['a browser', 'GET / HTTP/1.1', notInTurn],
    ['silence and then an empty line', '', notInTurn],
  ] as const) {
    it(`[PE4] [PE5] [PE7] rejects ${name} with a reason, and ignores its other lines`, () => {
      const { wire, mailbox } = call();
      mailbox.lines(wire, [line, hello]);
      mailbox.lines(wire, [hello]);
      expect(wire.sent).to.deep.equal([`REFUSED ${reason}`]);
      expect(wire.state).to.equal('closed');
      expect(refused.map((event) => event.reason)).to.deep.equal([reason]);
      expect(link.received).to.deep.equal([]);
      expect(clock.armedTimerCount).to.equal(0);
    });
  }

  it('[PE26] rejects a peer whose certificate does not contain the name in its hello', () => {
    const certificateMatches = (name: string) => name === 'Blake';
    const honest = callOver(Object.assign(new FakePeerWire('192.0.2.7:1'), { certificateMatches }));
    honest.mailbox.lines(honest.wire, [hello]);
    expect(link.take()).to.deep.equal([{ kind: 'peer-accepted', channel: honest.wire }]);
    const other = callOver(Object.assign(new FakePeerWire('192.0.2.7:2'), { certificateMatches: () => false }));
    other.mailbox.lines(other.wire, [hello, 'one']);
    expect(other.wire.sent).to.deep.equal(['REFUSED the certificate of Blake does not contain its name']);
    expect(other.wire.state).to.equal('closed');
    expect(link.take()).to.deep.equal([]);
  });

  it('[PE6] rejects a peer whose handshake takes more than five seconds', () => {
    const { wire, mailbox } = call();
    clock.advance(4_999);
    expect(wire.state).to.equal('open');
    clock.advance(1);
    expect(wire.sent).to.deep.equal(['REFUSED handshake timeout']);
    expect(wire.state).to.equal('closed');
    mailbox.lines(wire, [hello]);
    expect(link.received, 'too late').to.deep.equal([]);
  });

  it('[PE6] accepts up to 64 unauthenticated connections', () => {
    const callers = Array.from({ length: 64 }, call);
    const states = () => callers.map(({ wire }) => wire.state);
    expect(states()).to.not.include('closed');
    const [first, second, third] = callers as [(typeof callers)[0], (typeof callers)[0], (typeof callers)[0]];
    const next = call();
    expect(next.wire.state).to.equal('open');
    expect(first.wire.sent, 'who has taken longest').to.deep.equal(['REFUSED too many unauthenticated connections']);
    expect(states().filter((state) => state === 'closed')).to.have.lengthOf(1);
    second.mailbox.closed(second.wire, 'ECONNRESET');
    third.mailbox.lines(third.wire, [hello]);
    call();
    call();
    expect(states().slice(3)).to.not.include('closed');
    call();
    expect(states()[3]).to.equal('closed');
  });

  it('[PE6] accepts a neighbour however many connections another host opens, and marks its channel as authenticated', () => {
    let authenticated = 0;
    const wire = Object.assign(new FakePeerWire('192.0.2.8:1'), { markAuthenticated: () => (authenticated += 1) });
    const { mailbox } = callOver(wire);
    for (let count = 0; count < 200; count += 1) call();
    expect(wire.state).to.equal('open');
    expect(authenticated).to.equal(0);
    mailbox.lines(wire, [hello]);
    expect(link.received).to.deep.equal([{ kind: 'peer-accepted', channel: wire }]);
    expect(authenticated).to.equal(1);
  });

  describe('[PE20] of a herd with a secret', () => {
    const helloWithNonce = `${hello} nonce-of-blake`;
    const proofOfBlake = 'PROOF s3cret(herd,peer,caller,3,twitter,Blake,Bryant,nonce-of-blake,nonce1)';
    const proofOfBryant = 'PROOF s3cret(herd,peer,called,3,twitter,Blake,Bryant,nonce-of-blake,nonce1)';

    beforeEach(() => begin(new FakeSecrets(['s3cret'])));

    it('hands a channel over only after the peer proved the secret, and then proves it itself', () => {
      const { wire, mailbox } = call();
      mailbox.lines(wire, [helloWithNonce]);
      expect(wire.take()).to.deep.equal(['HELLO 3 twitter Bryant Blake nonce1']);
      expect(link.received).to.deep.equal([]);
      mailbox.lines(wire, [proofOfBlake, 'one']);
      expect(wire.take()).to.deep.equal([proofOfBryant]);
      expect(link.received.map(({ kind }) => kind)).to.deep.equal(['peer-accepted', 'channel-lines']);
      expect(clock.armedTimerCount).to.equal(0);
    });

    for (const [name, lines, reason] of [
      ['the wrong secret', [helloWithNonce, proofOfBlake.replace('s3cret', 'other')], wrongSecret],
      ['no proof at all', [helloWithNonce, 'PROOF'], wrongSecret],
      ['the proof of the one called', [helloWithNonce, proofOfBryant], wrongSecret],
      ['no secret', [hello], missingSecret],
      ['a location in place of a proof', [helloWithNonce, 'AT Howard +0.100000000 kiwi +1+1 1 Blake'], notInTurn],
      ['a second hello', [helloWithNonce, helloWithNonce], notInTurn],
    ] as const) {
      it(`[PE5] [PE7] rejects ${name} with a reason, and ignores its other lines`, () => {
        const { wire, mailbox } = call();
        mailbox.lines(wire, [...lines, 'one']);
        expect(wire.sent.at(-1)).to.equal(`REFUSED ${reason}`);
        expect(wire.sent.join()).to.not.contain('PROOF');
        expect(wire.state).to.equal('closed');
        expect(refused.map((event) => event.reason)).to.deep.equal([reason]);
        expect(link.received).to.deep.equal([]);
      });
    }

    it('[PE6] rejects a peer that sends HELLO in time, but no proof', () => {
      const { wire, mailbox } = call();
      clock.advance(4_000);
      mailbox.lines(wire, [helloWithNonce]);
      clock.advance(999);
      expect(wire.state).to.equal('open');
      clock.advance(1);
      expect(wire.sent.at(-1)).to.equal('REFUSED handshake timeout');
      mailbox.lines(wire, [proofOfBlake]);
      expect(link.received).to.deep.equal([]);
    });

    it('[PE3] requires no secret from a server of the same process', () => {
      const { wire, mailbox } = callOver(new TrustedFakeWire('Blake'));
      mailbox.lines(wire, ['HELLO 3 twitter Blake Bryant']);
      expect(wire.sent).to.deep.equal(['HELLO 3 twitter Bryant Blake']);
      expect(link.received).to.deep.equal([{ kind: 'peer-accepted', channel: wire }]);
    });

    it('logs no proof', () => {
      const noted = collectEvents(bus, 'lines');
      const { wire, mailbox } = call();
      mailbox.lines(wire, [helloWithNonce, proofOfBlake]);
      expect(noted.flatMap(({ direction, lines }) => lines.map((line) => `${direction} ${line}`))).to.deep.equal([
        `in ${helloWithNonce}`,
        'out HELLO 3 twitter Bryant Blake nonce1',
        'in PROOF ...',
        'out PROOF ...',
      ]);
    });
  });

  it('closes a channel that its link did not receive before both were stopped', () => {
    const { wire, mailbox } = call();
    bus.on('lines', ({ direction }) => {
      if (direction !== 'out') return;
      bus.detach(addresses.link(blake));
    });
    bus.on('dead-letter', () => {
      acceptor.stop();
      bus.detach(addresses.acceptor);
    });
    mailbox.lines(wire, [hello]);
    expect(wire.state).to.equal('closed');
  });

  it('handles the handshake timeout under supervision', () => {
    const failures = collectFailures(bus);
    const { wire } = call();
    wire.send = () => {
      throw new Error('broken');
    };
    clock.advance(5_000);
    expect(failures.map(({ address, error }) => [address, String(error)])).to.deep.equal([
      ['acceptor', 'Error: broken'],
    ]);
  });

  describe('[PE18] with a neighbour that is connected already', () => {
    const warnings: string[] = [];
    const connect = () => {
      const called = call();
      called.mailbox.lines(called.wire, [hello]);
      return called;
    };
    const accepted = () => link.take().filter(({ kind }) => kind === 'peer-accepted').length;

    beforeEach(() => {
      warnings.length = 0;
      bus.on('warning', ({ about, reason }) => warnings.push(`${about}: ${reason}`));
    });

    it('accepts it every time if its last channel has closed', () => {
      for (let count = 0; count < 20; count += 1) {
        const { wire, mailbox } = connect();
        mailbox.closed(wire, 'ECONNRESET');
      }
      expect(accepted()).to.equal(20);
      expect(warnings).to.deep.equal([]);
    });

    it('lets it replace an open channel three times a minute, and then keeps the open one', () => {
      const calls = Array.from({ length: 30 }, connect);
      expect(accepted(), 'the first, and three that replace it').to.equal(4);
      const reason =
        'Blake is connected from 192.0.2.7:40000 and calls from 192.0.2.7:40000: do two servers have this name?';
      expect(calls[4]?.wire.sent).to.deep.equal([`REFUSED ${reason}`]);
      expect(warnings, 'once').to.deep.equal([`duplicate-server: ${reason}`]);
      const kept = calls[3];
      expect(kept?.wire.state).to.equal('open');
      if (kept !== undefined) kept.mailbox.closed(kept.wire, 'ECONNRESET');
      connect();
      expect(accepted(), 'the one kept is closed').to.equal(1);
      clock.advance(60_000);
      for (let count = 0; count < 5; count += 1) connect();
      expect(accepted(), 'a minute later').to.equal(3);
      expect(warnings).to.have.lengthOf(2);
    });
  });

  it('closes all pending channels when it stops', () => {
    const { wire } = call();
    acceptor.stop();
    expect(wire.state).to.equal('closed');
    expect(clock.armedTimerCount).to.equal(0);
  });
});
