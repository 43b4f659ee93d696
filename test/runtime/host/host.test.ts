import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { addresses } from '../../../src/actors/addresses.js';
import { PortError } from '../../../src/runtime/errors.js';
import { Client } from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { collectEvents } from '../../support/fake-bus.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { flushPromises } from '../../support/fake-upstream.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { HerdInProcess, type HerdOptions } from '../../support/herd-in-process.js';

const five = ['Blake-Bryant', 'Blake-Howard', 'Bryant-Gasol', 'Bryant-Metta', 'Gasol-Howard'];

const nothing = (): void => undefined;

describe('Host', () => {
  let herd: HerdInProcess;

  function begin(options: HerdOptions): HerdInProcess {
    herd = new HerdInProcess(options);
    return herd;
  }

  afterEach(() => herd.stop());

  /** Whether a port accepts connections. */
  async function isOpen(port: number): Promise<boolean> {
    const client = await Client.connect(port).catch(() => undefined);
    client?.close();
    return client !== undefined;
  }

  it('does not report a server as started that fails while it opens its ports', async () => {
    begin({ links: ['Blake-Bryant'] });
    const starting = herd.start();
    const unlisten = herd.bus('Blake').on('server', ({ state }) => {
      unlisten();
      if (state === 'running') queueMicrotask(() => herd.fail('Blake'));
    });
    await starting;
    await eventually('Blake is back', () => herd.warnings.length > 0 && herd.startCounts.has('Blake'));
    await herd.waitForAgreement(await herd.report('Blake', 'kiwi', 1_700_000_000));
    expect(herd.warnings).to.deep.equal(['Blake failed; restarting in 1 ms (see its error log)']);
    expect(herd.startCounts.get('Blake'), 'only the start that came to something').to.equal(1);
  });

  describe('of a herd of five', () => {
    beforeEach(() => begin({ links: five }).start());

    it('[PE13] propagates a report to all servers', async () => {
      for (const server of herd.servers) {
        await herd.waitForAgreement(await herd.report(server, `client-of-${server}`, 1_700_000_000));
      }
    });

    it('[LO3] agrees on the newest of concurrent reports to all servers', async () => {
      const ats = await Promise.all(
        herd.servers.map((server, index) => herd.report(server, 'kiwi', 1_700_000_000 + index)),
      );
      await herd.waitForAgreement(ats.at(-1) ?? '');
      const older = await herd.report('Blake', 'kiwi', 1_600_000_000);
      expect(older).to.match(/ 1600000000$/);
      await herd.waitForAgreement(ats.at(-1) ?? '');
    });

    it('[PE15] [PE19] continues without a server and refills it when it is back', async () => {
      const before = await herd.report('Gasol', 'kiwi', 1_700_000_000);
      await herd.waitForAgreement(before);
      await herd.stopServer('Bryant');
      const others = ['Blake', 'Gasol', 'Howard'];
      const during = await herd.report('Blake', 'emu', 1_700_000_000);
      await herd.waitForAgreement(during, others);
      const apart = await herd.report('Metta', 'moa', 1_700_000_000);
      await herd.waitForAgreement(before, ['Metta']);
      await herd.startServer('Bryant');
      for (const at of [before, during, apart]) await herd.waitForAgreement(at);
    });

    it('[PE15] restarts and refills a server that failed, while the others continue', async () => {
      const before = await herd.report('Gasol', 'kiwi', 1_700_000_000);
      await herd.waitForAgreement(before);
      const [served, other] = [await herd.client('Bryant'), await herd.client('Blake')];
      await served.request('hello');
      herd.fail('Bryant');
      expect(await served.readToEnd(), 'its clients are sent away').to.equal('');
      expect(await other.request('hello')).to.equal('? hello');
      await eventually('Bryant is back', () => herd.startCounts.get('Bryant') === 2);
      await herd.waitForAgreement(before);
      await herd.waitForAgreement(await herd.report('Metta', 'emu', 1_700_000_000));
      expect(herd.warnings).to.deep.equal(['Bryant failed; restarting in 1 ms (see its error log)']);
      expect(await other.request('hello')).to.equal('? hello');
    });

    it('restarts all servers after all have failed at once, without their locations', async () => {
      await herd.waitForAgreement(await herd.report('Blake', 'kiwi', 1_700_000_000));
      for (const server of herd.servers) herd.fail(server);
      await eventually('all are back', () => herd.servers.every((server) => herd.startCounts.get(server) === 2));
      await herd.waitForAgreement(await herd.report('Metta', 'emu', 1_700_000_000));
      const client = await herd.client('Blake');
      expect(await client.request('WHATSAT kiwi 1 1')).to.equal('? WHATSAT kiwi 1 1');
    });

    it('restarts a server in which the same actor fails repeatedly', async () => {
      const bus = herd.bus('Howard');
      const failures = collectEvents(bus, 'actor-failed');
      // Flood is restarted at most a hundred times in ten seconds.
      for (let count = 0; count <= 100; count += 1) bus.send(addresses.flood, undefined as never);
      expect(failures.at(0)?.directive).to.equal('restart');
      expect(failures.at(-1)?.directive).to.equal('escalate');
      await eventually('Howard is back', () => herd.startCounts.get('Howard') === 2);
      await herd.waitForAgreement(await herd.report('Metta', 'emu', 1_700_000_000));
    });

    it('accepts no connections of neighbours for a stopped server', async () => {
      const links = collectEvents(herd.bus('Blake'), 'link');
      await herd.stopServer('Bryant');
      const lost = () => links.filter(({ reason }) => reason === 'Bryant was stopped');
      await eventually('Blake has called in vain', () => lost().length > 1);
      expect(lost().map(({ state, expected }) => [state, expected])[0]).to.deep.equal(['backoff', true]);
    });

    it('[CO5] answers the clients of a server before it stops', async () => {
      const client = await herd.client('Blake');
      await client.request('IAMAT kiwi +1+1 1');
      client.send('WHATSAT kiwi 1 1\n');
      await eventually('the question is there', async () => (await client.line()).startsWith('AT Blake'));
      const rest = client.readToEnd();
      await herd.stopServer('Blake');
      expect(await rest).to.equal('{"results":[]}\n');
      expect(await isOpen(herd.port('Blake'))).to.equal(false);
    });
  });

  describe('of a server alone', () => {
    it('accepts no clients while it is down', async () => {
      const clock = new VirtualClock();
      await begin({ links: ['Blake'], clock, random: 0.5 }).start();
      const port = herd.port('Blake');
      herd.fail('Blake');
      await eventually('the port is closed', async () => !(await isOpen(port)));
      clock.advance(50);
      await eventually('Blake is back', () => herd.startCounts.get('Blake') === 2);
      expect(await isOpen(herd.port('Blake'))).to.equal(true);
    });

    it('backs off while it fails at once, and resets the backoff after a healthy minute', async () => {
      const clock = new VirtualClock();
      await begin({ links: ['Blake'], clock, random: 0.5 }).start();
      const fail = async (afterMs: number) => {
        const starts = herd.startCounts.get('Blake') ?? 0;
        clock.advance(afterMs);
        herd.fail('Blake');
        clock.advance(5_000);
        await eventually('Blake is back', () => herd.startCounts.get('Blake') === starts + 1);
      };
      for (let failure = 0; failure < 4; failure += 1) await fail(0);
      await fail(60_001);
      expect(herd.warnings.map((warning) => /in (\d+) ms/.exec(warning)?.[1])).to.deep.equal([
        '50',
        '100',
        '200',
        '400',
        '50',
      ]);
    });

    it('waits until NATS has received its last messages when it stops, up to a timeout', async () => {
      const clock = new VirtualClock();
      let flush: (() => void) | undefined;
      const session = {
        maxPayloadBytes: 0,
        bufferedBytes: 0,
        publish: nothing,
        subscribe: () => nothing,
        close: nothing,
      };
      const flushed = () => new Promise<void>((resolve) => (flush = resolve));
      begin({ links: ['Blake'], clock, pubSubOf: () => ({ open: () => session, flushed }) });
      const stopped: string[] = [];
      const startAndStop = async (occasion: string) => {
        flush = undefined;
        await herd.startServer('Blake');
        void herd.stopServer('Blake').then(() => stopped.push(occasion));
        return eventually('it waits', () => flush);
      };
      const end = await startAndStop('sent');
      await flushPromises();
      expect(stopped).to.deep.equal([]);
      end();
      await eventually('it has stopped', () => stopped.length === 1);
      await startAndStop('not sent');
      clock.advance(4_999);
      await flushPromises();
      expect(stopped).to.deep.equal(['sent']);
      clock.advance(1);
      await eventually('it has stopped', () => stopped.length === 2);
      expect(herd.warnings).to.deep.equal(['Blake: NATS did not receive the last messages within 5 s']);
    });

    it('is not restarted after a stop', async () => {
      const clock = new VirtualClock();
      await begin({ links: ['Blake'], clock }).start();
      herd.fail('Blake');
      await herd.stopServer('Blake');
      expect(clock.armedTimerCount).to.equal(0);
      clock.advance(60_000);
      expect(herd.startCounts.get('Blake')).to.equal(1);
    });

    it('is not restarted by a backoff that ends during the stop', async () => {
      const clock = new VirtualClock();
      await begin({ links: ['Blake'], clock }).start();
      herd.fail('Blake');
      clock.advance(1);
      await herd.stopServer('Blake');
      // More turns than a start takes.
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(herd.startCounts.get('Blake')).to.equal(1);
    });

    it('leaves no listener open if it is stopped while it starts', async () => {
      begin({ links: ['Blake'] });
      const starting = herd.startServer('Blake');
      await herd.stopServer('Blake');
      await starting;
      expect(await isOpen(herd.port('Blake'))).to.equal(false);
    });

    it('throws PortError for a port in use and leaves nothing open', async () => {
      const occupant = createServer().listen(0, '127.0.0.1');
      await once(occupant, 'listening');
      begin({ links: ['Blake'], port: (occupant.address() as AddressInfo).port });
      const error: unknown = await herd.startServer('Blake').catch((error: unknown) => error);
      occupant.close();
      expect(error).to.be.instanceOf(PortError).with.property('message').that.contains('Blake (clients)');
      await herd.stopServer('Blake');
    });

    it('is retried if its port is in use on restart', async () => {
      const occupant = createServer().listen(0, '127.0.0.1');
      await once(occupant, 'listening');
      const { port } = occupant.address() as AddressInfo;
      occupant.close();
      await once(occupant, 'close');
      const clock = new VirtualClock();
      await begin({ links: ['Blake'], port, clock, random: 0.5 }).start();
      herd.fail('Blake');
      occupant.listen(port, '127.0.0.1');
      await once(occupant, 'listening');
      clock.advance(50);
      await eventually('it has failed again', () => herd.warnings.length === 3);
      expect(herd.warnings[1]).to.match(/^restart of Blake failed: .*the port is in use/);
      expect(herd.warnings[2]).to.contain('restarting in 100 ms');
      occupant.close();
      await once(occupant, 'close');
      clock.advance(100);
      await eventually('Blake is back', () => herd.startCounts.get('Blake') === 2);
    });

    it('has a log per run', async () => {
      const folder = new TemporaryFolder();
      try {
        await begin({ links: ['Blake'], logDir: folder.path }).start();
        herd.fail('Blake');
        await eventually('Blake is back', () => herd.startCounts.get('Blake') === 2);
        await herd.stop();
        const logs = readdirSync(folder.pathTo('Blake')).filter((name) => !name.endsWith('.error.log'));
        expect(logs).to.have.lengthOf(2);
      } finally {
        folder.remove();
      }
    });

    it('runs without a log if it cannot be created', async () => {
      await begin({ links: ['Blake'], logDir: '/dev/null/nowhere' }).start();
      expect(herd.warnings).to.have.lengthOf(1);
      expect(herd.warnings[0]).to.match(/^Blake: cannot write the log in \/dev\/null\/nowhere\/Blake: /);
      expect(await (await herd.client('Blake')).request('hello')).to.equal('? hello');
    });
  });
});
