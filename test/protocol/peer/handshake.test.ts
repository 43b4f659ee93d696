import { expect } from 'chai';
import {
  AcceptHandshake,
  DialHandshake,
  handshakeContextFor,
  type HandshakeLine,
  type HandshakeStep,
  type PeerIdentity,
  type Secrets,
} from '../../../src/protocol/peer/handshake.js';
import { formatPeerLine, parsePeerLine, type PeerLine } from '../../../src/protocol/peer/peer-line.js';
import { HerdSecrets } from '../../../src/runtime/host/herd-secrets.js';
import { toServerId } from '../../support/fake-location.js';
import { TrustedFakeWire } from '../../support/fake-peer-wire.js';

const blake = toServerId('Blake');
const bryant = toServerId('Bryant');
const gasol = toServerId('Gasol');
const ofBlake: PeerIdentity = { herd: 'twitter', server: blake, neighbours: [bryant] };
const ofBryant: PeerIdentity = {
  herd: 'twitter',
  server: bryant,
  neighbours: [blake, gasol],
};

const old = 'the old secret of the herd';
const secret = 'the secret of the herd';
const other = 'another secret than that of the herd';
const knowing = (...secrets: string[]): Secrets => new HerdSecrets(secrets);

const notInTurn = 'unexpected line in the handshake';
const differs = (of: string, heardBy: string) =>
  `${of} does not have a secret that is valid for ${heardBy}: HERD_SECRET differs`;
const otherVersion = (version: string, refusedBy: string) =>
  `version ${version} of the peer protocol, ${refusedBy} version 3`;
const missing = (at: string, askedBy: string) =>
  `${askedBy} requires the herd secret and ${at} has none: set HERD_SECRET for ${at}`;

/** A handshake over a wire, and all that went over it. */
interface Shaking {
  readonly caller: HandshakeStep | undefined;
  readonly called: HandshakeStep | undefined;
  /** Everything that was said, in order: `Blake > HELLO ...`. */
  readonly sent: readonly string[];
}

/** Both sides with each other, until neither has anything to say. */
function shake(
  blakes: Secrets | undefined,
  bryants: Secrets | undefined,
  { caller: callerIdentity = ofBlake, called: calledIdentity = ofBryant } = {},
): Shaking {
  const caller = new DialHandshake({ identity: callerIdentity, secrets: blakes }, bryant);
  const called = new AcceptHandshake({ identity: calledIdentity, secrets: bryants });
  const sent: string[] = [];
  const over = (line: HandshakeLine, who: string): PeerLine => {
    const text = formatPeerLine(line);
    sent.push(`${who} > ${text}`);
    return parsePeerLine(text);
  };
  let callerStep: HandshakeStep | undefined;
  let calledStep: HandshakeStep | undefined;
  const toCalled = [...caller.begin()];
  for (let line = toCalled.shift(); line !== undefined; line = toCalled.shift()) {
    calledStep = called.receive(over(line, 'caller'));
    for (const answer of calledStep.replies) {
      callerStep = caller.receive(over(answer, 'called'));
      toCalled.push(...callerStep.replies);
    }
  }
  return { caller: callerStep, called: calledStep, sent };
}

function outcomes({ caller, called }: Shaking): (string | undefined)[] {
  return [caller, called].map((step) => (step?.outcome === 'failed' ? step.reason : step?.outcome));
}

/** The words of the lines that were said. */
function words({ sent }: Shaking): string[] {
  return sent.map((line) => line.split(' ').slice(0, 3).join(' '));
}

function proofsIn(step: HandshakeStep): readonly string[] {
  const [line] = step.replies;
  if (line?.kind !== 'PROOF') throw new Error('a proof was due');
  return line.proofs;
}

function helloIn(lines: readonly HandshakeLine[]): Extract<HandshakeLine, { kind: 'HELLO' }> {
  const [line] = lines;
  if (line?.kind !== 'HELLO') throw new Error('a hello was due');
  return line;
}

describe('[PE3] [PE4] a handshake without a secret', () => {
  it('is a hello of each side', () => {
    const shaken = shake(undefined, undefined);
    expect(shaken.sent).to.deep.equal([
      'caller > HELLO 3 twitter Blake Bryant',
      'called > HELLO 3 twitter Bryant Blake',
    ]);
    expect(shaken.caller).to.deep.include({ outcome: 'completed', neighbour: 'Bryant' });
    expect(shaken.called).to.deep.include({ outcome: 'completed', neighbour: 'Blake' });
  });

  for (const [name, identities, reason] of [
    [
      'another herd',
      { caller: { ...ofBlake, herd: 'places' } },
      'Blake belongs to herd places, Bryant to herd twitter',
    ],
    ['no neighbour', { called: { ...ofBryant, neighbours: [gasol] } }, 'Blake is not a neighbour of Bryant'],
    ['another server', { called: { ...ofBryant, server: gasol } }, 'Bryant was dialled, but this is Gasol'],
  ] as const) {
    it(`[PE5] rejects ${name}, and both sides know why`, () => {
      const shaken = shake(undefined, undefined, identities);
      expect(outcomes(shaken)).to.deep.equal([`refused: ${reason}`, reason]);
      expect(shaken.sent.at(-1)).to.equal(`called > REFUSED ${reason}`);
    });
  }

  it('[PE5] [PE27] rejects a server of another version, earlier or later, and both sides know why', () => {
    for (const [version, rest] of [
      ['1', ''],
      ['1', ' Q8e9VC_4zecVWQ-30PwTyw.2'],
      ['2', ''],
      ['4', ' of a form to come'],
      ['03', ''],
    ]) {
      const called = new AcceptHandshake({ identity: ofBryant, secrets: undefined });
      const reason = `Blake uses version ${version} of the peer protocol, Bryant version 3`;
      const step = called.receive(parsePeerLine(`HELLO ${version} places Blake Bryant${rest}`));
      expect(step).to.deep.equal({ outcome: 'failed', reason, replies: [{ kind: 'REFUSED', reason }] });
    }
  });

  for (const [name, line, reason] of [
    ['of another version', 'HELLO 2 twitter Bryant Blake', `Bryant uses ${otherVersion('2', 'Blake')}`],
    ['of no version', 'HELLO two twitter Bryant Blake', `Bryant uses ${otherVersion('two', 'Blake')}`],
    ['of another herd', 'HELLO 3 places Bryant Blake', 'Bryant belongs to herd places, Blake to herd twitter'],
    ['that thinks it is another who calls', 'HELLO 3 twitter Bryant Gasol', 'Gasol was dialled, but this is Blake'],
    ['that is no neighbour', 'HELLO 3 twitter Gasol Blake', 'Gasol is not a neighbour of Blake'],
    ['that says nothing of who it is', 'AT Blake +0.100000000 kiwi +1+1 1 Bryant', notInTurn],
    ['that proves what nobody asked', 'PROOF x', notInTurn],
    ['that refuses', 'REFUSED Blake is too loud', 'refused: Blake is too loud'],
  ] as const) {
    it(`[PE8] fails with a called server ${name}`, () => {
      const caller = new DialHandshake({ identity: ofBlake, secrets: undefined }, bryant);
      expect(caller.receive(parsePeerLine(line))).to.deep.equal({ outcome: 'failed', reason, replies: [] });
    });
  }

  it('[PE8] fails with a neighbour that is another than the one called', () => {
    const identity = { ...ofBlake, neighbours: [bryant, gasol] };
    const caller = new DialHandshake({ identity, secrets: undefined }, bryant);
    const reason = 'Bryant was dialled, but Gasol answered';
    expect(caller.receive(parsePeerLine('HELLO 3 twitter Gasol Blake'))).to.deep.include({ outcome: 'failed', reason });
  });
});

describe('[PE20] a handshake in a herd with a secret', () => {
  it('is a hello and a proof of each side, of the caller first', () => {
    const shaken = shake(knowing(secret), knowing(secret));
    expect(outcomes(shaken)).to.deep.equal(['completed', 'completed']);
    expect(words(shaken)).to.deep.equal(['caller > HELLO', 'called > HELLO', 'caller > PROOF', 'called > PROOF']);
    expect(shaken.sent.join()).to.not.contain(secret);
  });

  it('never repeats nonces and proofs', () => {
    const fields = Array.from({ length: 20 }, () => shake(knowing(secret), knowing(secret)).sent)
      .flat()
      .map((line) => line.split(' ').at(-1));
    expect(new Set(fields).size).to.equal(80);
  });

  it('[PE5] fails for both if the caller knows another secret, and nothing is proved to it', () => {
    const shaken = shake(knowing(other), knowing(secret));
    expect(outcomes(shaken)).to.deep.equal([`refused: ${differs('Blake', 'Bryant')}`, differs('Blake', 'Bryant')]);
    expect(words(shaken).at(-1)).to.equal('called > REFUSED');
    expect(shaken.sent.filter((line) => line.startsWith('called > PROOF'))).to.deep.equal([]);
  });

  it('fails for the caller if the called one cannot prove', () => {
    const secrets = knowing(secret);
    const caller = new DialHandshake({ identity: ofBlake, secrets }, bryant);
    caller.receive(parsePeerLine(`HELLO 3 twitter Bryant Blake ${secrets.nonce()}`));
    const reason = differs('Bryant', 'Blake');
    expect(caller.receive({ kind: 'PROOF', proofs: secrets.prove('anything else') })).to.deep.include({ reason });
  });

  it('[PE5] fails for both if only the caller has a secret, or only the called', () => {
    const onlyCaller = shake(knowing(secret), undefined);
    expect(outcomes(onlyCaller)).to.deep.equal([`refused: ${missing('Bryant', 'Blake')}`, missing('Bryant', 'Blake')]);
    const onlyCalled = shake(undefined, knowing(secret));
    expect(outcomes(onlyCalled)).to.deep.equal([`refused: ${missing('Blake', 'Bryant')}`, missing('Blake', 'Bryant')]);
  });

  it('fails for a caller that is answered as if there were no secret, and for one that is asked without having one', () => {
    const asking = new DialHandshake({ identity: ofBlake, secrets: knowing(secret) }, bryant);
    const withoutNonce = asking.receive(parsePeerLine('HELLO 3 twitter Bryant Blake'));
    expect(withoutNonce).to.deep.equal({ outcome: 'failed', reason: missing('Bryant', 'Blake'), replies: [] });
    const withoutSecret = new DialHandshake({ identity: ofBlake, secrets: undefined }, bryant);
    const withNonce = withoutSecret.receive(parsePeerLine('HELLO 3 twitter Bryant Blake nonce'));
    expect(withNonce).to.deep.equal({ outcome: 'failed', reason: missing('Blake', 'Bryant'), replies: [] });
  });

  for (const [name, blakes, bryants] of [
    ['before either has the new one', [old], [old]],
    ['while only the caller has the new one', [secret, old], [old]],
    ['while only the called has the new one', [old], [secret, old]],
    ['while both have both', [secret, old], [secret, old]],
    ['while only the caller has dropped the old one', [secret], [secret, old]],
    ['while only the called has dropped the old one', [secret, old], [secret]],
    ['when both have dropped the old one', [secret], [secret]],
  ] as const) {
    it(`[PE21] succeeds while a secret is replaced: ${name}`, () => {
      expect(outcomes(shake(knowing(...blakes), knowing(...bryants)))).to.deep.equal(['completed', 'completed']);
    });
  }

  it('[PE21] fails if no secret of one side is one of the other, however many there are', () => {
    const [, called] = outcomes(shake(knowing(old, other), knowing(secret, `${secret} too`)));
    expect(called).to.equal(differs('Blake', 'Bryant'));
  });

  it('rejects a proof of the accepting side sent back to it', () => {
    const secrets = knowing(secret);
    // A stranger takes Blake's call, and calls Bryant in Blake's name with Blake's hello.
    const called = new AcceptHandshake({ identity: ofBryant, secrets });
    const hello = new DialHandshake({ identity: ofBlake, secrets }, bryant).begin()[0] ?? expect.fail();
    const welcome = helloIn(called.receive(hello).replies);
    const statement = `herd peer called 3 twitter Blake Bryant ${helloIn([hello]).nonce ?? ''} ${welcome.nonce ?? ''}`;
    // Even with what Bryant itself would prove with.
    expect(called.receive({ kind: 'PROOF', proofs: secrets.prove(statement) }).outcome).to.equal('failed');
  });

  it('rejects a proof of the dialling side sent back to it', () => {
    const secrets = knowing(secret);
    const caller = new DialHandshake({ identity: ofBlake, secrets }, bryant);
    caller.begin();
    // The stranger even chooses the caller's own nonce.
    const nonce = helloIn(caller.begin()).nonce ?? '';
    const proofs = proofsIn(caller.receive(parsePeerLine(`HELLO 3 twitter Bryant Blake ${nonce}`)));
    expect(caller.receive({ kind: 'PROOF', proofs }).outcome).to.equal('failed');
  });

  it('rejects proofs of an earlier handshake, of either side', () => {
    const secrets = knowing(secret);
    const { sent } = shake(secrets, secrets);
    const [hello = '', welcome = '', callers = '', calleds = ''] = sent.map((line) => line.slice('caller > '.length));
    const called = new AcceptHandshake({ identity: ofBryant, secrets });
    expect(called.receive(parsePeerLine(hello)).outcome).to.equal('pending');
    expect(called.receive(parsePeerLine(callers)).outcome).to.equal('failed');
    const caller = new DialHandshake({ identity: ofBlake, secrets }, bryant);
    caller.begin();
    expect(caller.receive(parsePeerLine(welcome)).outcome).to.equal('pending');
    expect(caller.receive(parsePeerLine(calleds)).outcome).to.equal('failed');
  });

  it('rejects a proof made for another herd or other servers', () => {
    const secrets = knowing(secret);
    const called = new AcceptHandshake({ identity: ofBryant, secrets });
    const nonce = helloIn(called.receive(parsePeerLine('HELLO 3 twitter Blake Bryant nonce')).replies).nonce ?? '';
    for (const statement of [
      `herd peer caller 3 places Blake Bryant nonce ${nonce}`,
      `herd peer caller 3 twitter Gasol Bryant nonce ${nonce}`,
      `herd peer caller 3 twitter Blake Metta nonce ${nonce}`,
      `herd peer caller 4 twitter Blake Bryant nonce ${nonce}`,
      `herd peer caller 3 twitter Blake Bryant other ${nonce}`,
      'nonce',
      '',
    ]) {
      const fresh = new AcceptHandshake({ identity: ofBryant, secrets: { ...asObject(secrets), nonce: () => nonce } });
      fresh.receive(parsePeerLine('HELLO 3 twitter Blake Bryant nonce'));
      expect(fresh.receive({ kind: 'PROOF', proofs: secrets.prove(statement) }).outcome, statement).to.equal('failed');
    }
    const right = secrets.prove(`herd peer caller 3 twitter Blake Bryant nonce ${nonce}`);
    expect(called.receive({ kind: 'PROOF', proofs: right }).outcome).to.equal('completed');
  });

  it('[PE6] [PE7] rejects a second hello, and anything but a proof after the first', () => {
    for (const line of [
      'HELLO 3 twitter Blake Bryant nonce',
      'AT Blake +0.100000000 kiwi +1+1 1 Blake',
      'DIGEST AAAA',
      'SEEK Blake:1 16 kiwi',
      'BEAT',
      'REFUSED no',
      '',
    ]) {
      const called = new AcceptHandshake({ identity: ofBryant, secrets: knowing(secret) });
      called.receive(parsePeerLine('HELLO 3 twitter Blake Bryant nonce'));
      const step = called.receive(parsePeerLine(line));
      expect(step, line).to.deep.equal({
        outcome: 'failed',
        reason: notInTurn,
        replies: [{ kind: 'REFUSED', reason: notInTurn }],
      });
    }
    const first = new AcceptHandshake({ identity: ofBryant, secrets: knowing(secret) });
    expect(first.receive({ kind: 'PROOF', proofs: ['x'] }).outcome, 'a proof before the hello').to.equal('failed');
  });
});

describe('a handshake within one process', () => {
  it('uses no secret', () => {
    const over = (identity: PeerIdentity) =>
      handshakeContextFor(new TrustedFakeWire('memory'), { identity, secrets: knowing(secret) });
    const caller = new DialHandshake(over(ofBlake), bryant);
    const [hello] = caller.begin();
    expect(hello).to.deep.include({ version: '3', nonce: undefined });
    const step = new AcceptHandshake(over(ofBryant)).receive(hello ?? expect.fail());
    expect(step).to.deep.include({ outcome: 'completed' });
    expect(caller.receive(step.replies[0] ?? expect.fail())).to.deep.include({ outcome: 'completed' });
  });
});

/** The same secrets as plain functions, of which a test can replace one. */
function asObject(secrets: Secrets): Secrets {
  return {
    nonce: () => secrets.nonce(),
    prove: (statement) => secrets.prove(statement),
    verify: (statement, proofs) => secrets.verify(statement, proofs),
  };
}
