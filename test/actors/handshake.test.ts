import { expect } from 'chai';
import {
  CalledHandshake,
  CallerHandshake,
  introductionOver,
  type HandshakeLine,
  type HandshakeStep,
  type PeerIdentity,
} from '../../src/actors/handshake.js';
import type { Secrets } from '../../src/actors/secrets.js';
import { formatPeerLine, parsePeerLine, type PeerLine } from '../../src/protocol/peer-line.js';
import { spokenVersions } from '../../src/protocol/peer-version.js';
import { HerdSecrets } from '../../src/runtime/herd-secrets.js';
import { serverId } from '../support/fake-location.js';
import { TrustedFakeWire } from '../support/fake-peer-wire.js';

const blake = serverId('Blake');
const bryant = serverId('Bryant');
const gasol = serverId('Gasol');
const ofBlake: PeerIdentity = { herd: 'twitter', server: blake, neighbours: [bryant], versions: spokenVersions };
const ofBryant: PeerIdentity = {
  herd: 'twitter',
  server: bryant,
  neighbours: [blake, gasol],
  versions: spokenVersions,
};

const old = 'the old secret of the herd';
const secret = 'the secret of the herd';
const other = 'another secret than that of the herd';
const knowing = (...secrets: string[]): Secrets => new HerdSecrets(secrets);

const notInTurn = 'the line is not one that a handshake has in this place';
const differs = (of: string, heardBy: string) =>
  `${of} does not know a secret that ${heardBy} holds valid: HERD_SECRET differs`;
const missing = (at: string, askedBy: string) =>
  `${askedBy} asks for the secret of the herd and ${at} has none: set HERD_SECRET for ${at}`;

/** A handshake over a wire, and all that went over it. */
interface Shaking {
  readonly caller: HandshakeStep | undefined;
  readonly called: HandshakeStep | undefined;
  /** Everything that was said, in order: `Blake > HELLO ...`. */
  readonly said: readonly string[];
}

/** Both sides with each other, until neither has anything to say. */
function shake(
  blakes: Secrets | undefined,
  bryants: Secrets | undefined,
  { caller: callerIdentity = ofBlake, called: calledIdentity = ofBryant } = {},
): Shaking {
  const caller = new CallerHandshake({ identity: callerIdentity, secrets: blakes }, bryant);
  const called = new CalledHandshake({ identity: calledIdentity, secrets: bryants });
  const said: string[] = [];
  const over = (line: HandshakeLine, who: string): PeerLine => {
    const text = formatPeerLine(line);
    said.push(`${who} > ${text}`);
    return parsePeerLine(text);
  };
  let callerStep: HandshakeStep | undefined;
  let calledStep: HandshakeStep | undefined;
  const toCalled = [...caller.begin()];
  for (let line = toCalled.shift(); line !== undefined; line = toCalled.shift()) {
    calledStep = called.hear(over(line, 'caller'));
    for (const answer of calledStep.say) {
      callerStep = caller.hear(over(answer, 'called'));
      toCalled.push(...callerStep.say);
    }
  }
  return { caller: callerStep, called: calledStep, said };
}

function outcomes({ caller, called }: Shaking): (string | undefined)[] {
  return [caller, called].map((step) => (step?.outcome === 'failed' ? step.reason : step?.outcome));
}

/** The words of the lines that were said. */
function words({ said }: Shaking): string[] {
  return said.map((line) => line.split(' ').slice(0, 3).join(' '));
}

function proofsIn(step: HandshakeStep): readonly string[] {
  const [line] = step.say;
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
    expect(shaken.said).to.deep.equal([
      'caller > HELLO 1 twitter Blake Bryant',
      'called > HELLO 1 twitter Bryant Blake',
    ]);
    expect(shaken.caller).to.deep.include({ outcome: 'greeted', neighbour: 'Bryant' });
    expect(shaken.called).to.deep.include({ outcome: 'greeted', neighbour: 'Blake' });
  });

  for (const [name, identities, reason] of [
    ['another herd', { caller: { ...ofBlake, herd: 'places' } }, 'Blake is of herd places, Bryant of herd twitter'],
    ['no neighbour', { called: { ...ofBryant, neighbours: [gasol] } }, 'Blake is no neighbour of Bryant'],
    ['another server', { called: { ...ofBryant, server: gasol } }, 'Bryant was called, this is Gasol'],
  ] as const) {
    it(`[PE5] is refused to a server of ${name}, and both know why`, () => {
      const shaken = shake(undefined, undefined, identities);
      expect(outcomes(shaken)).to.deep.equal([`refused: ${reason}`, reason]);
      expect(shaken.said.at(-1)).to.equal(`called > REFUSED ${reason}`);
    });
  }

  it('[PE5] is refused to a server of another version', () => {
    const called = new CalledHandshake({ identity: ofBryant, secrets: undefined });
    const reason = 'Blake speaks version 3, Bryant versions 1 to 2';
    const step = called.hear(parsePeerLine('HELLO 3 places Blake Bryant of a form to come'));
    expect(step).to.deep.equal({ outcome: 'failed', reason, say: [{ kind: 'REFUSED', reason }] });
  });

  for (const [name, line, reason] of [
    ['of another version', 'HELLO 3 twitter Bryant Blake', 'Bryant speaks version 3, Blake versions 1 to 2'],
    ['of no version', 'HELLO two twitter Bryant Blake', 'Bryant speaks version two, Blake versions 1 to 2'],
    ['of another herd', 'HELLO 1 places Bryant Blake', 'Bryant is of herd places, Blake of herd twitter'],
    ['that thinks it is another who calls', 'HELLO 1 twitter Bryant Gasol', 'Gasol was called, this is Blake'],
    ['that is no neighbour', 'HELLO 1 twitter Gasol Blake', 'Gasol is no neighbour of Blake'],
    ['that says nothing of who it is', 'AT Blake +0.100000000 kiwi +1+1 1 Bryant', notInTurn],
    ['that proves what nobody asked', 'PROOF x', notInTurn],
    ['that refuses', 'REFUSED Blake is too loud', 'refused: Blake is too loud'],
  ] as const) {
    it(`[PE8] fails with a called server ${name}`, () => {
      const caller = new CallerHandshake({ identity: ofBlake, secrets: undefined }, bryant);
      expect(caller.hear(parsePeerLine(line))).to.deep.equal({ outcome: 'failed', reason, say: [] });
    });
  }

  it('[PE8] fails with a neighbour that is another than the one called', () => {
    const identity = { ...ofBlake, neighbours: [bryant, gasol] };
    const caller = new CallerHandshake({ identity: identity, secrets: undefined }, bryant);
    const reason = 'Bryant was called, Gasol answered';
    expect(caller.hear(parsePeerLine('HELLO 1 twitter Gasol Blake'))).to.deep.include({ outcome: 'failed', reason });
  });
});

describe('[PE20] a handshake in a herd with a secret', () => {
  it('is a hello and a proof of each side, of the caller first', () => {
    const shaken = shake(knowing(secret), knowing(secret));
    expect(outcomes(shaken)).to.deep.equal(['greeted', 'greeted']);
    expect(words(shaken)).to.deep.equal(['caller > HELLO', 'called > HELLO', 'caller > PROOF', 'called > PROOF']);
    expect(shaken.said.join()).to.not.contain(secret);
  });

  it('has nonces and proofs that never come again', () => {
    const fields = Array.from({ length: 20 }, () => shake(knowing(secret), knowing(secret)).said)
      .flat()
      .map((line) => line.split(' ').at(-1));
    expect(new Set(fields).size).to.equal(80);
  });

  it('[PE5] fails for both if the caller knows another secret, and nothing is proved to it', () => {
    const shaken = shake(knowing(other), knowing(secret));
    expect(outcomes(shaken)).to.deep.equal([`refused: ${differs('Blake', 'Bryant')}`, differs('Blake', 'Bryant')]);
    expect(words(shaken).at(-1)).to.equal('called > REFUSED');
    expect(shaken.said.filter((line) => line.startsWith('called > PROOF'))).to.deep.equal([]);
  });

  it('fails for the caller if the called one cannot prove', () => {
    const secrets = knowing(secret);
    const caller = new CallerHandshake({ identity: ofBlake, secrets: secrets }, bryant);
    caller.hear(parsePeerLine(`HELLO 1 twitter Bryant Blake ${secrets.nonce()}`));
    const reason = differs('Bryant', 'Blake');
    expect(caller.hear({ kind: 'PROOF', proofs: secrets.prove('anything else') })).to.deep.include({ reason });
  });

  it('[PE5] fails for both if only the caller has a secret, or only the called', () => {
    const onlyCaller = shake(knowing(secret), undefined);
    expect(outcomes(onlyCaller)).to.deep.equal([`refused: ${missing('Bryant', 'Blake')}`, missing('Bryant', 'Blake')]);
    const onlyCalled = shake(undefined, knowing(secret));
    expect(outcomes(onlyCalled)).to.deep.equal([`refused: ${missing('Blake', 'Bryant')}`, missing('Blake', 'Bryant')]);
  });

  it('fails for a caller that is answered as if there were no secret, and for one that is asked without having one', () => {
    const asking = new CallerHandshake({ identity: ofBlake, secrets: knowing(secret) }, bryant);
    const withoutNonce = asking.hear(parsePeerLine('HELLO 1 twitter Bryant Blake'));
    expect(withoutNonce).to.deep.equal({ outcome: 'failed', reason: missing('Bryant', 'Blake'), say: [] });
    const asked = new CallerHandshake({ identity: ofBlake, secrets: undefined }, bryant);
    const withNonce = asked.hear(parsePeerLine('HELLO 1 twitter Bryant Blake nonce'));
    expect(withNonce).to.deep.equal({ outcome: 'failed', reason: missing('Blake', 'Bryant'), say: [] });
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
      expect(outcomes(shake(knowing(...blakes), knowing(...bryants)))).to.deep.equal(['greeted', 'greeted']);
    });
  }

  it('[PE21] fails if no secret of one side is one of the other, however many there are', () => {
    const [, called] = outcomes(shake(knowing(old, other), knowing(secret, `${secret} too`)));
    expect(called).to.equal(differs('Blake', 'Bryant'));
  });

  it('takes no proof of the called side sent back to it', () => {
    const secrets = knowing(secret);
    // A stranger takes Blake's call, and calls Bryant in Blake's name with Blake's hello.
    const called = new CalledHandshake({ identity: ofBryant, secrets: secrets });
    const hello = new CallerHandshake({ identity: ofBlake, secrets: secrets }, bryant).begin()[0] ?? expect.fail();
    const welcome = helloIn(called.hear(hello).say);
    const statement = `herd peer called 1 twitter Blake Bryant ${helloIn([hello]).nonce ?? ''} ${welcome.nonce ?? ''}`;
    // Even with what Bryant itself would prove with.
    expect(called.hear({ kind: 'PROOF', proofs: secrets.prove(statement) }).outcome).to.equal('failed');
  });

  it('takes no proof of the caller sent back to it', () => {
    const secrets = knowing(secret);
    const caller = new CallerHandshake({ identity: ofBlake, secrets: secrets }, bryant);
    caller.begin();
    // The stranger even chooses the caller's own nonce.
    const nonce = helloIn(caller.begin()).nonce ?? '';
    const proofs = proofsIn(caller.hear(parsePeerLine(`HELLO 1 twitter Bryant Blake ${nonce}`)));
    expect(caller.hear({ kind: 'PROOF', proofs }).outcome).to.equal('failed');
  });

  it('takes no proofs of an earlier handshake, of either side', () => {
    const secrets = knowing(secret);
    const { said } = shake(secrets, secrets);
    const [hello = '', welcome = '', callers = '', calleds = ''] = said.map((line) => line.slice('caller > '.length));
    const called = new CalledHandshake({ identity: ofBryant, secrets: secrets });
    expect(called.hear(parsePeerLine(hello)).outcome).to.equal('going on');
    expect(called.hear(parsePeerLine(callers)).outcome).to.equal('failed');
    const caller = new CallerHandshake({ identity: ofBlake, secrets: secrets }, bryant);
    caller.begin();
    expect(caller.hear(parsePeerLine(welcome)).outcome).to.equal('going on');
    expect(caller.hear(parsePeerLine(calleds)).outcome).to.equal('failed');
  });

  it('takes no proof that was made for others: another herd, other servers', () => {
    const secrets = knowing(secret);
    const called = new CalledHandshake({ identity: ofBryant, secrets: secrets });
    const nonce = helloIn(called.hear(parsePeerLine('HELLO 1 twitter Blake Bryant nonce')).say).nonce ?? '';
    for (const statement of [
      `herd peer caller 1 places Blake Bryant nonce ${nonce}`,
      `herd peer caller 1 twitter Gasol Bryant nonce ${nonce}`,
      `herd peer caller 1 twitter Blake Metta nonce ${nonce}`,
      `herd peer caller 2 twitter Blake Bryant nonce ${nonce}`,
      `herd peer caller 1 twitter Blake Bryant other ${nonce}`,
      'nonce',
      '',
    ]) {
      const fresh = new CalledHandshake({ identity: ofBryant, secrets: { ...asObject(secrets), nonce: () => nonce } });
      fresh.hear(parsePeerLine('HELLO 1 twitter Blake Bryant nonce'));
      expect(fresh.hear({ kind: 'PROOF', proofs: secrets.prove(statement) }).outcome, statement).to.equal('failed');
    }
    const right = secrets.prove(`herd peer caller 1 twitter Blake Bryant nonce ${nonce}`);
    expect(called.hear({ kind: 'PROOF', proofs: right }).outcome).to.equal('greeted');
  });

  it('[PE6] [PE7] takes no second hello, and nothing but a proof behind the first', () => {
    for (const line of [
      'HELLO 1 twitter Blake Bryant nonce',
      'AT Blake +0.100000000 kiwi +1+1 1 Blake',
      'DIGEST AAAA',
      'SEEK Blake:1 16 kiwi',
      'BEAT',
      'REFUSED no',
      '',
    ]) {
      const called = new CalledHandshake({ identity: ofBryant, secrets: knowing(secret) });
      called.hear(parsePeerLine('HELLO 1 twitter Blake Bryant nonce'));
      const step = called.hear(parsePeerLine(line));
      expect(step, line).to.deep.equal({
        outcome: 'failed',
        reason: notInTurn,
        say: [{ kind: 'REFUSED', reason: notInTurn }],
      });
    }
    const first = new CalledHandshake({ identity: ofBryant, secrets: knowing(secret) });
    expect(first.hear({ kind: 'PROOF', proofs: ['x'] }).outcome, 'a proof before the hello').to.equal('failed');
  });
});

describe('[PE27] a handshake of servers of several versions', () => {
  const speaking = (lowest: number, highest: number) => ({
    caller: { ...ofBlake, versions: { lowest, highest } },
    called: { ...ofBryant, versions: { lowest, highest } },
  });
  const [old1, new1, next] = [speaking(1, 1), speaking(1, 2), speaking(2, 3)];

  function agreed({ caller, called }: Shaking): (number | string | undefined)[] {
    return [caller, called].map((step) => (step?.outcome === 'greeted' ? step.version : step?.outcome));
  }

  for (const [name, caller, called, version] of [
    ['two of this', new1, new1, 2],
    ['an old one that calls', old1, new1, 1],
    ['an old one that is called', new1, old1, 1],
    ['two old ones', old1, old1, 1],
    ['one to come that calls', next, new1, 2],
    ['one to come that is called', new1, next, 2],
  ] as const) {
    it(`agrees on the highest common version: ${name}`, () => {
      const identities = { caller: caller.caller, called: called.called };
      const shaken = shake(knowing(secret), knowing(secret), identities);
      expect(agreed(shaken)).to.deep.equal([version, version]);
    });
  }

  it('says HELLO 1 and a nonce that offers more, which is all that an old one sees of it', () => {
    const [hello = '', welcome = ''] = shake(knowing(secret), knowing(secret)).said;
    expect(hello).to.match(/^caller > HELLO 1 twitter Blake Bryant [\w-]{22}\.2$/);
    expect(welcome).to.match(/^called > HELLO 1 twitter Bryant Blake [\w-]{22}\.2$/);
    const [before = ''] = shake(knowing(secret), knowing(secret), old1).said;
    expect(before).to.match(/^caller > HELLO 1 twitter Blake Bryant [\w-]{22}$/);
  });

  it('fails where they have no version in common, and both know why', () => {
    const shaken = shake(knowing(secret), knowing(secret), { caller: next.caller, called: old1.called });
    const reason = 'Blake speaks versions 2 to 3, Bryant version 1';
    expect(outcomes(shaken)).to.deep.equal([`refused: ${reason}`, reason]);
    const caller = new CallerHandshake({ identity: old1.caller, secrets: knowing(secret) }, bryant);
    const step = caller.hear(parsePeerLine('HELLO 2 twitter Bryant Blake nonce.3'));
    expect(step).to.deep.include({ reason: 'Bryant speaks versions 2 to 3, Blake version 1' });
  });

  it('speaks version 1 without a secret: there is no nonce to offer more in', () => {
    expect(agreed(shake(undefined, undefined))).to.deep.equal([1, 1]);
  });

  it('speaks the highest version within a process, whose servers are of one, and says so', () => {
    const over = (identity: PeerIdentity) =>
      introductionOver(new TrustedFakeWire('memory'), { identity, secrets: knowing(secret) });
    const caller = new CallerHandshake(over(ofBlake), bryant);
    const [hello] = caller.begin();
    expect(hello).to.deep.include({ version: '2', nonce: undefined });
    const step = new CalledHandshake(over(ofBryant)).hear(hello ?? expect.fail());
    expect(step).to.deep.include({ outcome: 'greeted', version: 2 });
    expect(caller.hear(step.say[0] ?? expect.fail())).to.deep.include({ outcome: 'greeted', version: 2 });
  });

  for (const [name, change] of [
    ['of the caller', { caller: (text: string) => text.replace(/\.2$/, '') }],
    ['of the called', { called: (text: string) => text.replace(/\.2$/, '') }],
    ['of both', { caller: (text: string) => text.slice(0, -2), called: (text: string) => text.slice(0, -2) }],
    ['of the caller, which is made more', { caller: (text: string) => text.replace(/\.2$/, '.3') }],
  ] as const) {
    it(`[PE20] does not succeed where somebody on the way changes the offer ${name}`, () => {
      const { caller: ofCaller = same, called: ofCalled = same } = change as Readonly<Record<string, typeof same>>;
      const caller = new CallerHandshake({ identity: ofBlake, secrets: knowing(secret) }, bryant);
      const called = new CalledHandshake({ identity: ofBryant, secrets: knowing(secret) });
      const hello = helloIn(caller.begin());
      const welcome = helloIn(called.hear(parsePeerLine(ofCaller(formatPeerLine(hello)))).say);
      const proof = caller.hear(parsePeerLine(ofCalled(formatPeerLine(welcome))));
      expect(called.hear({ kind: 'PROOF', proofs: proofsIn(proof) })).to.deep.include({
        outcome: 'failed',
        reason: differs('Blake', 'Bryant'),
      });
    });
  }
});

const same = (text: string): string => text;

/** The same secrets as plain functions, of which a test can replace one. */
function asObject(secrets: Secrets): Secrets {
  return {
    nonce: () => secrets.nonce(),
    prove: (statement) => secrets.prove(statement),
    accepts: (statement, proofs) => secrets.accepts(statement, proofs),
  };
}
