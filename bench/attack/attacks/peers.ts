import { setTimeout as pause } from 'node:timers/promises';
import { DialHandshake } from '../../../src/protocol/peer/handshake.js';
import { asServerId, type ServerId } from '../../../src/protocol/place/ids.js';
import { formatPeerLine, parsePeerLine } from '../../../src/protocol/peer/peer-line.js';
import { HerdSecrets } from '../../../src/runtime/host/herd-secrets.js';
import type { Attack } from '../attack.js';
import { fillStores } from '../reports.js';
import type { ServerName, Target } from '../target.js';

const secret = 'a leaked herd secret';
const digestLines = 'DIGEST x\n'.repeat(50_000);

/** Connects to a server as one of its neighbours and sends digests once authenticated. Resolves when the connection ends. */
async function floodWithDigests(target: Target, from: ServerName, to: ServerName): Promise<void> {
  const socket = await target.dial(target.peerPortOf(to));
  const identity = { herd: 'target', server: toServerId(from), neighbours: [toServerId(to)] };
  const handshake = new DialHandshake({ identity, secrets: new HerdSecrets([secret]) }, toServerId(to));
  let rest = '';
  let isAccepted = false;
  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of isAccepted ? [] : lines) {
      const step = handshake.receive(parsePeerLine(line));
      for (const reply of step.replies) socket.write(`${formatPeerLine(reply)}\n`);
      if (step.outcome !== 'completed') continue;
      isAccepted = true;
      socket.write(digestLines);
    }
  });
  for (const line of handshake.begin()) socket.write(`${formatPeerLine(line)}\n`);
  const endMs = performance.now() + 3_000;
  while (!socket.destroyed && performance.now() < endMs) await pause(20);
  socket.destroy();
}

function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name}: not a valid server name`);
  return id;
}

export const peerAttacks: readonly Attack[] = [
  {
    name: 'digest-storm',
    sent: '50,000 DIGEST lines per connection for 10 s, authenticated as a neighbour with a leaked secret',
    processes: true,
    environment: { HERD_SECRET: secret },
    prepare: (target) => fillStores(target, 20_000, 20),
    run: async (target) => {
      const endMs = performance.now() + 10_000;
      let connections = 0;
      for (; performance.now() < endMs; connections += 1) {
        await floodWithDigests(target, 'Blake', 'Bryant');
        await pause(100);
      }
      return { observation: `${connections} connections`, failures: [] };
    },
  },
];
