import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Clock } from '../../../src/actors/ports/clock.js';
import type { StatusReport } from '../../../src/runtime/host/herd-status.js';
import { processStopTimeoutMs } from '../../../src/runtime/processes/process-machine.js';
import { ProcessSupervisor } from '../../../src/runtime/processes/process-supervisor.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import { eventually, withTimeout } from '../../support/eventually.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { toServerId } from '../../support/fake-location.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

const file = fileURLToPath(new URL('./misbehaving-server.js', import.meta.url));
const blake = toServerId('Blake');
const bryant = toServerId('Bryant');

describe('ProcessSupervisor', () => {
  let folder: TemporaryFolder;
  let reports: string[];
  let processes: ProcessSupervisor;

  beforeEach(() => {
    folder = new TemporaryFolder();
    reports = [];
  });

  afterEach(async () => {
    const stopped = processes.stop();
    processes.kill();
    await stopped;
    folder.remove();
  });

  const counter = () => folder.pathTo('starts');
  const starts = () => readFileSync(counter()).length;

  /** Runs servers with a behaviour of misbehaving-server.ts; settles like `ProcessSupervisor.run`. */
  function run([name, ...more]: [string, ...string[]], clock: Clock = new SystemClock()): Promise<void> {
    processes = new ProcessSupervisor(
      {
        clock,
        random: { next: () => 0 },
        program: { file, environment: process.env, argumentsFor: () => [name, counter(), ...more] },
        onReport: (report: StatusReport) => {
          if (report.kind === 'started') reports.push(`started at ${report.ports.client}`);
          else if (report.kind === 'down') reports.push(`down: ${report.reason}`);
        },
      },
      [blake],
    );
    return processes.run();
  }

  it('runs a server until it is stopped', async () => {
    const running = run(['serve']);
    await eventually('the server listens', () => reports.length > 0);
    await withTimeout(processes.stop(), 'the process ends');
    await running;
    expect(reports).to.deep.equal(['started at 12001', 'down: exit status 0']);
  });

  it('restarts a server whenever it exits', async () => {
    const running = run(['die', '3']);
    await eventually('the server has died three times', () => reports.includes('started at 12004'));
    expect(reports.slice(0, 2)).to.deep.equal(['started at 12001', 'down: ended by SIGKILL']);
    expect(reports).to.have.lengthOf(7);
    await withTimeout(processes.stop(), 'the process ends');
    await running;
    expect(starts()).to.equal(4);
  });

  it('fails with the reason that a server reports if it never listened', async () => {
    const error: unknown = await withTimeout(run(['refuse']), 'it is given up').catch((reason: unknown) => reason);
    expect(error).to.have.property('message', 'Blake cannot be started: the port is in use');
    expect(reports).to.deep.equal(['down: the port is in use']);
    expect(starts()).to.equal(1);
    await withTimeout(processes.stop(), 'there is nothing to stop');
  });

  it('retries a server that cannot listen while others are running', async () => {
    processes = new ProcessSupervisor(
      {
        clock: new SystemClock(),
        random: { next: () => 0 },
        program: {
          file,
          environment: process.env,
          argumentsFor: (server) => (server === blake ? ['refuse', counter()] : ['serve', folder.pathTo('others')]),
        },
        onReport: (report: StatusReport) => reports.push(`${report.kind} ${report.server}`),
      },
      [bryant, blake],
    );
    const running = processes.run();
    await eventually('another serves', () => reports.some((report) => report.startsWith('started')));
    const refusals = () => reports.filter((report) => report === 'down Blake').length;
    await eventually('it was tried again', () => refusals() > 1);
    expect(starts()).to.be.greaterThan(1);
    await withTimeout(processes.stop(), 'the processes end');
    await running;
  });

  it('fails if no server can listen', async () => {
    const failing = new ProcessSupervisor(
      {
        clock: new SystemClock(),
        random: { next: () => 1 },
        program: { file, environment: process.env, argumentsFor: () => ['refuse', counter()] },
        onReport: () => undefined,
      },
      [blake, bryant],
    );
    const error: unknown = await withTimeout(failing.run(), 'they are given up').catch((reason: unknown) => reason);
    expect(String(error).split('\n')).to.have.lengthOf(2);
    expect(String(error)).to.contain('Bryant cannot be started: the port is in use');
    processes = failing;
  });

  it('fails with the exit status of a server that reports no reason', async () => {
    const error: unknown = await withTimeout(run(['exit']), 'it is given up').catch((reason: unknown) => reason);
    expect(error).to.have.property('message', 'Blake cannot be started: exit status 3');
  });

  it('can be stopped before the server is listening, and leaves no process', async () => {
    const running = run(['serve']);
    await withTimeout(processes.stop(), 'the process ends');
    await running;
    expect(reports.at(-1)).to.match(/^down: /);
  });

  it('kills a server that does not stop in time', async () => {
    const clock = new VirtualClock();
    const running = run(['stay'], clock);
    await eventually('the server listens', () => reports.length > 0);
    const stopped = processes.stop();
    clock.advance(processStopTimeoutMs);
    await withTimeout(stopped, 'the process ends');
    await running;
    expect(reports.at(-1)).to.equal('down: ended by SIGKILL');
  });

  it('kills all processes at once', async () => {
    const running = run(['serve']);
    await eventually('the server listens', () => reports.length > 0);
    const stopped = processes.stop();
    processes.kill();
    await withTimeout(stopped, 'the process ends');
    await running;
  });
});
