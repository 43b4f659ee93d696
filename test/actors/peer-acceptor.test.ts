import { expect } from 'chai';
import type { PeerIdentity } from '../../src/actors/greeting.js';
import { addresses, type LinkMessage } from '../../src/actors/messages.js';
import { PeerAcceptor } from '../../src/actors/peer-acceptor.js';
import { WireMailbox } from '../../src/actors/wire-mailbox.js';
import type { MessageBus } from '../../src/runtime/message-bus.js';
import { FakeActor } from '../support/fake-actor.js';
import { eventsOf, strictBus } from '../support/fake-bus.js';
import { serverId } from '../support/fake-location.js';
import { FakePeerWire } from '../support/fake-peer-wire.js';
import { VirtualClock } from '../support/virtual-clock.js';

const blake = serverId('Blake');
const identity: PeerIdentity = { herd: 'twitter', server: serverId('Bryant'), neighbours: [blake, serverId('Metta')] };
const hello = 'HELLO 1 twitter Blake Bryant';

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
    refused = eventsOf(bus, 'peer-refused');
    acceptor = new PeerAcceptor(bus, clock, identity);
    bus.attach(addresses.link(blake), link);
    bus.attach(addresses.acceptor, acceptor);
  });

  function call(): { wire: FakePeerWire; mailbox: WireMailbox } {
    const wire = new FakePeerWire('192.0.2.7:40000');
    const mailbox = new WireMailbox(bus, addresses.acceptor);
    bus.send(addresses.acceptor, { kind: 'wire-accepted', wire, mailbox });
    return { wire, mailbox };
  }

  it('hands a neighbour over to its link, with every line behind the hello', () => {
    const { wire, mailbox } = call();
    mailbox.lines(wire, [hello, 'one', 'two']);
    mailbox.lines(wire, ['three']);
    mailbox.drained(wire);
    mailbox.closed(wire, 'ECONNRESET');
    expect(link.received).to.deep.equal([
      { kind: 'called', wire },
      { kind: 'wire-lines', wire, lines: ['one', 'two'] },
      { kind: 'wire-lines', wire, lines: ['three'] },
      { kind: 'wire-drained', wire },
      { kind: 'wire-closed', wire, reason: 'ECONNRESET' },
    ]);
    expect(wire.sent, 'the link greets').to.deep.equal([]);
    expect(clock.armed).to.equal(0);
  });

  for (const [name, line, reason] of [
    ['another herd', 'HELLO 1 places Blake Bryant', 'herd places there, herd twitter here'],
    ['another version', 'HELLO 2 twitter Blake Bryant', 'version 2 is spoken there, version 1 here'],
    ['a call for somebody else', 'HELLO 1 twitter Blake Gasol', 'Gasol was called, this is Bryant'],
    ['a server that is no neighbour', 'HELLO 1 twitter Gasol Bryant', 'Gasol is no neighbour of Bryant'],
    ['a location', 'AT Howard +0.100000000 kiwi +1+1 1 Blake', 'the first line is not a hello'],
    ['half a hello', 'HELLO 1 twitter Blake', 'the first line is not a hello'],
    ['a browser', 'GET / HTTP/1.1', 'the first line is not a hello'],
    ['silence and then an empty line', '', 'the first line is not a hello'],
  ] as const) {
    it(`[PE4] [PE5] [PE7] refuses ${name}, says why, and takes nothing that comes with it`, () => {
      const { wire, mailbox } = call();
      mailbox.lines(wire, [line, hello]);
      mailbox.lines(wire, [hello]);
      expect(wire.sent).to.deep.equal([`REFUSED ${reason}`]);
      expect(wire.state).to.equal('closed');
      expect(refused.map((event) => event.reason)).to.deep.equal([reason]);
      expect(link.received).to.deep.equal([]);
      expect(clock.armed).to.equal(0);
    });
  }

  it('[PE6] drops a caller that does not say who it is in five seconds', () => {
    const { wire, mailbox } = call();
    clock.advance(4_999);
    expect(wire.state).to.equal('open');
    clock.advance(1);
    expect(wire.sent).to.deep.equal(['REFUSED no hello in time']);
    expect(wire.state).to.equal('closed');
    mailbox.lines(wire, [hello]);
    expect(link.received, 'too late').to.deep.equal([]);
  });

  it('[PE6] has room for 64 callers that have not said who they are, and again when one is gone', () => {
    const callers = Array.from({ length: 64 }, call);
    expect(call().wire.sent).to.deep.equal(['REFUSED too many callers that have not said who they are']);
    expect(callers.every(({ wire }) => wire.state === 'open')).to.equal(true);
    const [first, second] = callers as [(typeof callers)[0], (typeof callers)[0]];
    first.mailbox.closed(first.wire, 'ECONNRESET');
    second.mailbox.lines(second.wire, [hello]);
    expect([call(), call(), call()].map(({ wire }) => wire.state)).to.deep.equal(['open', 'open', 'closed']);
  });

  it('hangs up on all who wait when it stops', () => {
    const { wire } = call();
    acceptor.stop();
    expect(wire.state).to.equal('closed');
    expect(clock.armed).to.equal(0);
  });
});
