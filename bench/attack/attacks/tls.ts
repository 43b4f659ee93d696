import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import type { Attack } from '../attack.js';
import { servers } from '../target.js';

/** Creates a self-signed certificate for all servers; returns the paths of the files. */
async function createCertificate(folder: string): Promise<{ cert: string; key: string; ca: string }> {
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

/** Returns whether a TLS handshake with a port completes within three seconds. */
function completesHandshake(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', localAddress: '127.0.0.2', rejectUnauthorized: false };
    const socket = connectTls(options, () => finish(true));
    const timer = setTimeout(() => finish(false), 3_000);
    const finish = (isCompleted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isCompleted);
    };
    socket.on('error', () => finish(false));
  });
}

export const tlsAttacks: readonly Attack[] = [
  {
    name: 'tls-handshakes',
    processes: true,
    sent: '2,100 connections to a TLS `peerPort` that send nothing or half a ClientHello',
    settings: async (folder) => ({ tls: { peers: await createCertificate(folder) } }),
    run: async (target) => {
      const port = target.peerPortOf('Blake');
      const half = Buffer.from('16030100c8010000c4', 'hex');
      const sockets = [];
      for (let index = 0; index < 2_100; index += 1) {
        const socket = await target.dial(port);
        if (index % 2 === 0 && socket.writable) socket.write(half);
        sockets.push(socket);
      }
      const isOtherAccepted = await completesHandshake(port);
      await pause(13_000);
      const open = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      const failures = [
        ...(isOtherAccepted ? [] : ['a connection from another address was not accepted during the attack']),
        ...(open === 0 ? [] : [`${open} of 2,100 connections are still open after 13 s`]),
      ];
      return { observation: 'another address is accepted; all connections are closed after 13 s', failures };
    },
  },
];
