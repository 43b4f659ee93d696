import { expect } from 'chai';
import type { LinkState, NatsState } from '../../../src/actors/bus/events.js';
import { buildTopology } from '../../../src/protocol/place/topology.js';
import { HerdStatus, type StatusChange } from '../../../src/runtime/host/herd-status.js';
import { toServerId } from '../../support/fake-location.js';
import { flushPromises } from '../../support/fake-upstream.js';

const [blake, bryant, metta] = [toServerId('Blake'), toServerId('Bryant'), toServerId('Metta')];
const topology = buildTopology(
  [blake, bryant, metta],
  [
    [blake, bryant],
    [bryant, metta],
  ],
);
const ports = { client: 12_000, peer: undefined, http: undefined };

describe('HerdStatus', () => {
  let status: HerdStatus;
  let changes: StatusChange[];
  let ready: boolean;

  /** Records that servers have started. */
  function begin(...started: (typeof blake)[]): void {
    status = new HerdStatus(started, topology);
    changes = [];
    ready = false;
    status.subscribe((change) => changes.push(change));
    void status.whenReady().then(() => (ready = true));
  }

  function started(server: typeof blake): void {
    status.record({ kind: 'started', server, ports });
  }

  function link(server: typeof blake, neighbour: typeof blake, state: LinkState, reason = ''): void {
    status.record({ kind: 'link', server, neighbour, state, reason });
  }

  async function isReady(): Promise<boolean> {
    await flushPromises();
    return ready;
  }

  it('is ready when all servers are listening and all links between them are live at both ends', async () => {
    begin(blake, bryant, metta);
    for (const server of [blake, bryant, metta]) started(server);
    expect(await isReady()).to.equal(false);
    for (const [one, other] of [
      [blake, bryant],
      [bryant, blake],
      [bryant, metta],
    ] as const) {
      link(one, other, 'catching-up');
      link(one, other, 'live');
    }
    expect(await isReady()).to.equal(false);
    link(metta, bryant, 'live');
    expect(await isReady()).to.equal(true);
    await status.whenReady();
  });

  it('does not wait for links to servers that were not started', async () => {
    begin(blake, metta);
    started(blake);
    expect(await isReady()).to.equal(false);
    started(metta);
    expect(await isReady()).to.equal(true);
  });

  it('waits until each connection to NATS was live once, and reports when it goes down and up', async () => {
    begin(blake);
    const nats = (state: NatsState, reason = '') => status.record({ kind: 'nats', server: blake, state, reason });
    nats('connecting');
    started(blake);
    nats('backoff', 'connection refused');
    nats('connecting');
    nats('backoff', 'connection refused');
    nats('joining');
    expect(await isReady()).to.equal(false);
    nats('live');
    expect(await isReady()).to.equal(true);
    nats('joining');
    nats('live');
    nats('backoff', 'NATS closed the connection');
    nats('stopped');
    expect(changes.slice(1)).to.deep.equal([
      { server: blake, part: 'nats', state: 'down', reason: 'connection refused' },
      { server: blake, part: 'nats', state: 'up', reason: '' },
      { server: blake, part: 'nats', state: 'down', reason: 'NATS closed the connection' },
    ]);
  });

  it('waits for a server whose links are live before it is listening', async () => {
    begin(blake, bryant);
    link(blake, bryant, 'live');
    link(bryant, blake, 'live');
    started(blake);
    expect(await isReady()).to.equal(false);
    started(bryant);
    expect(await isReady()).to.equal(true);
  });

  it('reports each change to up or down once, and no intermediate states', () => {
    begin(blake, bryant);
    link(blake, bryant, 'connecting');
    link(blake, bryant, 'catching-up');
    expect(changes).to.deep.equal([]);
    link(blake, bryant, 'live');
    link(blake, bryant, 'live');
    link(blake, bryant, 'backoff', 'ECONNRESET');
    link(blake, bryant, 'connecting');
    link(blake, bryant, 'backoff', 'ECONNREFUSED');
    expect(changes).to.deep.equal([
      { server: blake, neighbour: bryant, state: 'up', reason: '' },
      { server: blake, neighbour: bryant, state: 'down', reason: 'ECONNRESET' },
    ]);
  });

  it('knows the ports of a server that is up, and no live links of one that is down', () => {
    begin(blake, bryant);
    started(blake);
    link(blake, bryant, 'live');
    expect(status.portsOf(blake)).to.deep.equal(ports);
    expect(status.isLive(blake, bryant)).to.equal(true);
    expect(status.isLive(bryant, blake)).to.equal(false);
    status.record({ kind: 'down', server: blake, reason: 'ended by SIGKILL' });
    expect(status.portsOf(blake)).to.equal(undefined);
    expect(status.isLive(blake, bryant)).to.equal(false);
    expect(changes.at(-1)).to.deep.equal({ server: blake, state: 'down', reason: 'ended by SIGKILL' });
  });

  it('reports nothing after unsubscribe', () => {
    begin(blake);
    status.unsubscribe();
    started(blake);
    expect(changes).to.deep.equal([]);
  });
});
