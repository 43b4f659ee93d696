import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import type { LoadJob } from '../../bench/load/load-job.js';
import { runLoad } from '../../bench/load/run-load.js';

/** A server that answers IAMAT, WHATSAT and WATCH from `locations`, which servers share. */
async function fakeServer(locations: Map<string, string>): Promise<Server> {
  const subscribers = new Map<string, Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const lines = bytes.toString().split('\n').slice(0, -1);
      for (const line of lines) if (line.startsWith('WATCH ')) subscribers.set(line.slice(6), socket);
      socket.write(lines.map((line) => respond(line, locations)).join(''));
      for (const line of lines) subscribers.get(line.split(' ')[1] ?? '')?.write(change(line, locations));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function respond(line: string, locations: Map<string, string>): string {
  const [command, client = '', position = '', time = ''] = line.split(/ +/);
  if (command === 'WATCH') return `WATCHING ${client}\n`;
  if (command === 'WHATSAT') return `${locations.get(client) ?? '?'}\n{}\n`;
  const at = `AT Metta +0.1 ${client} ${position} ${time}`;
  locations.set(client, at);
  return `${at}\n`;
}

/** The line for the subscriber of the client of a report; empty for other commands. */
function change(line: string, locations: Map<string, string>): string {
  const [command, client = ''] = line.split(' ');
  return command === 'IAMAT' ? `${locations.get(client) ?? ''}\n` : '';
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('runLoad', () => {
  const locations = new Map<string, string>();
  let servers: Server[] = [];
  let job: LoadJob;

  beforeEach(async () => {
    servers = [await fakeServer(locations), await fakeServer(locations)];
    const [port = 0, followerPort = 0] = servers.map(portOf);
    job = {
      port,
      followerPorts: [followerPort],
      workload: 'iamat',
      mode: { kind: 'closed', depth: 3 },
      connections: 2,
      clients: 10,
      warmUpMs: 20,
      warmUpRounds: 10,
      measureMs: 100,
      maxLagMs: 400,
      pids: [],
    };
  });

  afterEach(() => servers.forEach((server) => server.close()));

  it('counts responses, and finds the reports at the other server', async () => {
    const result = await runLoad(job);
    expect(result.responses).to.be.greaterThan(10);
    expect(result.wrongCount).to.equal(0);
    expect(result.drainMs).to.be.lessThan(10_000);
  });

  it('sends at a fixed rate, and measures latency from the time a command was due', async () => {
    const { responses, latency } = await runLoad({ ...job, mode: { kind: 'open', perSecond: 500 } });
    expect(responses).to.be.within(20, 80);
    expect(latency?.p50).to.be.greaterThan(0);
  });

  it('measures the delay until subscribers have the changes, and waits for all of them', async () => {
    const watched = { ...job, followerPorts: [], mode: { kind: 'open', perSecond: 500 }, warmUpRounds: 0 } as const;
    const watchers = { connections: 5, clientsEach: 2 };
    const { delivery, wrongCount } = await runLoad({ ...watched, watchers });
    expect(delivery?.count).to.be.greaterThan(20);
    expect(delivery?.p50).to.be.within(1, 50_000);
    expect(wrongCount).to.equal(0);
  });

  it('opens a connection per command', async () => {
    const result = await runLoad({ ...job, mode: { kind: 'connection-per-command' } });
    expect(result.responses).to.be.greaterThan(2);
    expect(result.wrongCount).to.equal(0);
  });
});
