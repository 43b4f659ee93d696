import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import type { LoadOrder } from '../../bench/load/order.js';
import { play } from '../../bench/load/play.js';

/** A server that answers reports, and tells of the newest one of each client as late as it is told to. */
async function fakeServer(locations: Map<string, string>): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const lines = bytes.toString().split('\n').slice(0, -1);
      socket.write(lines.map((line) => answer(line, locations)).join(''));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function answer(line: string, locations: Map<string, string>): string {
  const [command, client = '', position = '', time = ''] = line.split(/ +/);
  if (command === 'WHATSAT') return `${locations.get(client) ?? '?'}\n{}\n`;
  const at = `AT Metta +0.1 ${client} ${position} ${time}`;
  locations.set(client, at);
  return `${at}\n`;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('a turn of load', () => {
  const locations = new Map<string, string>();
  let servers: Server[] = [];
  let order: LoadOrder;

  beforeEach(async () => {
    servers = [await fakeServer(locations), await fakeServer(locations)];
    const [port = 0, watched = 0] = servers.map(portOf);
    order = {
      port,
      watched: [watched],
      workload: 'iamat',
      pace: { kind: 'closed', depth: 3 },
      connections: 2,
      clients: 10,
      warmUpMs: 20,
      warmUpRounds: 10,
      measureMs: 100,
      behindAllowedMs: 400,
      pids: [],
    };
  });

  afterEach(() => servers.forEach((server) => server.close()));

  it('counts what is answered, and finds that the other server knows it', async () => {
    const result = await play(order);
    expect(result.answers).to.be.greaterThan(10);
    expect(result).to.include({ wrong: 0 });
    expect(result.drainMs).to.be.lessThan(1_000);
  });

  it('keeps a rate, and takes latency from when a command was due', async () => {
    const { answers, latency } = await play({ ...order, pace: { kind: 'open', perSecond: 500 } });
    expect(answers).to.be.within(20, 80);
    expect(latency?.p50).to.be.greaterThan(0);
  });

  it('opens a connection for each command', async () => {
    const result = await play({ ...order, pace: { kind: 'connection each' } });
    expect(result.answers).to.be.greaterThan(2);
    expect(result.wrong).to.equal(0);
  });
});
