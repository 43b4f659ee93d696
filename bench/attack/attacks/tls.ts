import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import type { Attack } from '../attack.js';
import { servers } from '../target.js';

/** One certificate that names every server, and is its own authority. */
async function certificateIn(folder: string): Promise<{ cert: string; key: string; ca: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'target' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: servers.map((value) => ({ type: 2, value })) },
    ],
  });
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return { ...files, ca: files.cert };
}

/** Whether a TLS handshake with a port ends well within some seconds. */
function isLetIn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', localAddress: '127.0.0.2', rejectUnauthorized: false };
    const socket = connectTls(options, () => done(true));
    const timer = setTimeout(() => done(false), 3_000);
    const done = (isIn: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isIn);
    };
    socket.on('error', () => done(false));
  });
}

export const tlsAttacks: readonly Attack[] = [
  {
    name: 'tls-handshakes',
    processes: true,
    sent: '2,100 connections to a `peerPort` with TLS that say nothing, or half a ClientHello',
    settings: async (folder) => ({ tls: { peers: await certificateIn(folder) } }),
    run: async (target) => {
      const port = target.peerPortOf('Blake');
      const half = Buffer.from('16030100c8010000c4', 'hex');
      const sockets = [];
      for (let index = 0; index < 2_100; index += 1) {
        const socket = await target.dial(port);
        if (index % 2 === 0 && socket.writable) socket.write(half);
        sockets.push(socket);
      }
      const isOneLetIn = await isLetIn(port);
      await pause(13_000);
      const open = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      const failures = [
        ...(isOneLetIn ? [] : ['another address was not let in during the attack']),
        ...(open === 0 ? [] : [`${open} of 2,100 connections are open after 13 s`]),
      ];
      return { seen: 'another address is let in meanwhile; all are closed after 13 s', failures };
    },
  },
];
