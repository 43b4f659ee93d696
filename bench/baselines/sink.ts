import { createServer } from 'node:net';

/* Answers each line with the same AT line, without reading it: the rate of the load against it is the load generator's limit. */

interface Config {
  readonly server: string;
  readonly ports: Readonly<Record<string, number>>;
}

const { server, ports } = JSON.parse(process.argv[2] ?? '') as Config;
const response = 'AT Metta +0.000000000 phone0000000 +34.068930-118.445127 1700000000.000000000\n';
/** More responses than lines fit into one chunk. */
const responses = Buffer.from(response.repeat(65_536));
const lineEnd = 10;

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let lines = 0;
    for (let end = chunk.indexOf(lineEnd); end >= 0; end = chunk.indexOf(lineEnd, end + 1)) lines += 1;
    if (lines > 0) socket.write(responses.subarray(0, lines * response.length));
  });
}).listen(ports[server], '127.0.0.1', () => process.stdout.write('ready\n'));
