import { setTimeout as pause } from 'node:timers/promises';
import { CallerHandshake } from '../../../src/actors/peer/handshake.js';
import { asServerId, type ServerId } from '../../../src/protocol/place/ids.js';
import { formatPeerLine, parsePeerLine } from '../../../src/protocol/peer/peer-line.js';
import { HerdSecrets } from '../../../src/runtime/host/herd-secrets.js';
import type { Attack } from '../attack.js';
import { fillWith } from '../reports.js';
import type { ServerName, Target } from '../target.js';

const secret = 'a secret that a neighbour gave away';
const storm = 'DIGEST x\n'.repeat(50_000);

/** Calls a server in the name of its neighbour, and sends it digests as soon as it is believed. Resolves when the call is over. */
async function call(target: Target, from: ServerName, to: ServerName): Promise<void> {
  const socket = await target.dial(target.peerPortOf(to));
  const identity = { herd: 'target', server: idOf(from), neighbours: [idOf(to)] };
  const handshake = new CallerHandshake({ identity, secrets: new HerdSecrets([secret]) }, idOf(to));
  let rest = '';
  let isBelieved = false;
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of isBelieved ? [] : lines) {
      const step = handshake.hear(parsePeerLine(line));
      for (const answer of step.say) socket.write(`${formatPeerLine(answer)}\n`);
      if (step.outcome !== 'greeted') continue;
      isBelieved = true;
      socket.write(storm);
    }
  });
  for (const line of handshake.begin()) socket.write(`${formatPeerLine(line)}\n`);
  const endMs = performance.now() + 3_000;
  while (!socket.destroyed && performance.now() < endMs) await pause(20);
  socket.destroy();
}

function idOf(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} is not a server's name`);
  return id;
}

export const peerAttacks: readonly Attack[] = [
  {
    name: 'digest-storm',
    sent: '50,000 DIGEST lines at a time for 10 s by one who knows the secret and calls in the name of a neighbour',
    processes: true,
    environment: { HERD_SECRET: secret },
    prepare: (target) => fillWith(target, 20_000, 20),
    run: async (target) => {
      const endMs = performance.now() + 10_000;
      let calls = 0;
      for (; performance.now() < endMs; calls += 1) {
        await call(target, 'Blake', 'Bryant');
        await pause(100);
      }
      return { seen: `${calls} calls were made`, failures: [] };
    },
  },
];
