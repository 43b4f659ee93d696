import { relative } from 'node:path';
import { requireNatsVariables, selectServers } from '../../library/config.js';
import { startSampleIfUsed } from '../../library/sample.js';
import { withHerdSecret } from '../../library/secrets.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { HerdStatus, type StatusChange } from '../../runtime/host/herd-status.js';
import { ProcessSupervisor } from '../../runtime/processes/process-supervisor.js';
import { formatHostPort } from '../../runtime/sockets/listener.js';
import { SystemClock, systemRandom } from '../../runtime/time/system-clock.js';
import { mainFile } from '../main-file.js';
import { configFor } from '../shared/config-file.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { readMachineMemory, memoryWarning } from '../shared/memory-warning.js';
import type { StartOptions } from '../shared/options.js';
import { formatCount, formatTable, sanitizeForOutput, print, warn } from '../shared/output.js';
import { isWholeHerd, selectMode } from '../shared/select-mode.js';
import { ServiceManager } from '../shared/service-manager.js';
import { onReload, waitForStopSignal } from '../shared/signals.js';
import type { UpstreamRecorder } from '../shared/upstream-recorder.js';

/** `herd start`: runs servers until a stop signal. */
export async function start(names: readonly string[], options: StartOptions): Promise<void> {
  const { processes = false, record } = options;
  if (processes && record !== undefined) throw new UsageError('--record cannot be combined with --processes');
  const { config, servers } = selectServers(names.length === 0 ? undefined : names, configFor(options));
  warnAboutMemory(config, servers, processes ? servers.map((server) => [server]) : [servers]);
  if (processes) return startProcesses(config, servers);
  if (record === undefined) return startInProcess(config, servers);
  await startRecording(config, servers, record);
}

async function startRecording(config: HerdConfig, servers: readonly ServerId[], file: string): Promise<void> {
  const { UpstreamRecorder } = await import('../shared/upstream-recorder.js');
  const recorder = await UpstreamRecorder.open(file);
  try {
    await startInProcess(config, servers, recorder);
  } finally {
    await recorder.close();
  }
  recorder.printSummary();
}

/** Warns if clients could make the servers exceed the machine's memory. Not in development mode, where only this machine has access. */
function warnAboutMemory(
  config: HerdConfig,
  servers: readonly ServerId[],
  processes: readonly (readonly ServerId[])[],
): void {
  if (selectMode(config, servers) === 'development') return;
  const hosted = processes.map((processServers) => new Set(processServers));
  const warning = memoryWarning(config, hosted, readMachineMemory());
  if (warning !== undefined) warn(warning);
}

/** Runs all servers in this process. */
async function startInProcess(
  config: HerdConfig,
  servers: readonly ServerId[],
  recorder?: UpstreamRecorder,
): Promise<void> {
  const stop = waitForStopSignal();
  const manager = new ServiceManager(process.env);
  // Imported here, since the parent of --processes needs none of it.
  const [{ createHostOptions }, { runServers }] = await Promise.all([
    import('../shared/host-options.js'),
    import('../../library/run-servers.js'),
  ]);
  const status = createStatus(config, servers);
  const hostOptions = createHostOptions(config, servers, (report) => status.record(report));
  const running = await runServers(config, servers, hostOptions, {
    wrapUpstream: recorder && ((binding) => recorder.wrap(binding)),
  });
  try {
    void status.whenReady().then(() => {
      announce(config, servers, status, 'in this process');
      manager.ready();
    });
    await stop;
    status.unsubscribe();
    manager.stopping();
    print('Stopping ...');
  } finally {
    await running.stop();
  }
}

/** Runs each server in a process of its own, which is restarted if it exits. */
async function startProcesses(config: HerdConfig, servers: readonly ServerId[]): Promise<void> {
  requireNatsVariables(config);
  // Two signals may arrive before any process was started.
  let kill = (): void => undefined;
  const stop = waitForStopSignal(undefined, () => kill());
  const manager = new ServiceManager(process.env);
  const sample = await startSampleIfUsed(config, warn);
  const status = createStatus(config, servers);
  const processes = new ProcessSupervisor(
    {
      clock: new SystemClock(),
      random: systemRandom,
      program: {
        file: mainFile,
        // Servers that are started elsewhere would not have a generated secret.
        environment: isWholeHerd(config, servers) ? withHerdSecret(process.env) : process.env,
        argumentsFor: (server) => [
          'serve',
          server,
          ...['--config', config.file],
          ...(sample === undefined ? [] : ['--sample', sample.url]),
        ],
      },
      onReport: (report) => status.record(report),
    },
    servers,
  );
  const hasCertificates = config.tls.clients !== undefined || config.tls.peers !== undefined;
  onReload(hasCertificates ? () => processes.signal('SIGHUP') : undefined);
  kill = () => processes.kill();
  try {
    void status.whenReady().then(() => {
      announce(config, servers, status, 'one process per server');
      manager.ready();
    });
    const failed = await Promise.race([stop, processes.run().catch((error: unknown) => error)]);
    status.unsubscribe();
    if (failed instanceof Error) throw new CommandError(failed.message, { cause: failed });
    manager.stopping();
    print('Stopping ...');
  } finally {
    await processes.stop();
    await sample?.stop();
  }
}

function createStatus(config: HerdConfig, servers: readonly ServerId[]): HerdStatus {
  const status = new HerdStatus(servers, config.topology);
  // Until the herd is ready, only servers that go down are reported: a nats-server that is down or a port in use may keep it from getting ready.
  status.subscribe(
    (change) =>
      change.neighbour === undefined && change.state === 'down' && print(sanitizeForOutput(formatChange(change))),
  );
  void status.whenReady().then(() => status.subscribe((change) => print(sanitizeForOutput(formatChange(change)))));
  return status;
}

function formatChange({ server, neighbour, part, state, reason }: StatusChange): string {
  const time = new Date().toISOString().slice(11, 19);
  const link = neighbour === undefined ? undefined : `link to ${neighbour}`;
  const label = part === 'nats' ? 'connection to NATS' : link;
  const subject = label === undefined ? server : `${server}: ${label}`;
  return `${time} ${subject} is ${state}${reason === '' ? '' : ` (${reason})`}`;
}

function announce(config: HerdConfig, servers: readonly ServerId[], status: HerdStatus, where: string): void {
  const rows = servers.map((server) => {
    const { host } = config.servers.get(server) ?? { host: '' };
    const ports = status.portsOf(server);
    const peers = String(ports?.peer ?? 'in memory');
    const links = (config.topology.get(server) ?? []).map((neighbour) =>
      status.isLive(server, neighbour) ? neighbour : `(${neighbour})`,
    );
    return [
      server,
      formatHostPort(host, ports?.client),
      String(ports?.http ?? ''),
      config.replication.kind === 'nats'
        ? 'by NATS'
        : config.bridge?.via.has(server) === true
          ? `${peers}, NATS`
          : peers,
      links.join(' '),
    ];
  });
  const first = rows[0]?.[1]?.split(':') ?? [];
  print(`Herd ${config.herd} (${relative('.', config.file)}): ${formatCount(servers.length, 'server')}, ${where}\n`);
  print(formatTable(['server', 'clients', 'http', 'peers', 'links'], rows));
  if (config.log !== undefined) print(`\nLogs: ${config.log.dir}/<server>/`);
  print(`\nReady in ${(performance.now() / 1000).toFixed(2)} s. Ctrl-C stops the herd. Try:`);
  print(`  echo 'IAMAT phone +34.068930-118.445127 ${Math.floor(Date.now() / 1000)}' | nc ${first.join(' ')}`);
}
