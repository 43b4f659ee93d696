import { relative } from 'node:path';
import { requireBuckets } from '../../library/bucket.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { HerdStatus, type StatusChange } from '../../runtime/host/herd-status.js';
import { formatHostPort } from '../../runtime/sockets/listener.js';
import { ProcessSupervisor } from '../../runtime/processes/process-supervisor.js';
import { SystemClock, systemRandom } from '../../runtime/time/system-clock.js';
import type { UpstreamBinding } from '../../upstreams/upstream-binding.js';
import type { SampleUpstream } from '../../upstreams/sample/sample-upstream.js';
import { mainFile } from '../main-file.js';
import { configFor, selectServers } from '../shared/config-file.js';
import { CommandError } from '../shared/errors.js';
import { onReload } from '../shared/reload-signal.js';
import type { ConfigOption, StartOptions } from '../shared/options.js';
import { readMachineMemory, memoryWarning } from '../shared/memory-warning.js';
import { selectMode } from '../shared/select-mode.js';
import { sanitizeForOutput, print, warn } from '../shared/output.js';
import { startSample } from './sample.js';
import { withHerdSecret } from '../shared/herd-secret.js';
import { ServiceManager } from '../shared/service-manager.js';
import { waitForStopSignal } from '../shared/signals.js';
import { formatTable } from '../shared/table.js';

/** `herd start`: runs servers until it is told to stop. */
export async function start(names: readonly string[], options: StartOptions): Promise<void> {
  const config = configFor(options);
  const servers = selectServers(names, config);
  warnAboutMemory(config, servers, options.processes === true ? servers.map((server) => [server]) : [servers]);
  await (options.processes === true ? startProcesses(config, servers) : startInProcess(config, servers));
}

/**
 * The same in this process, asking something else than the config chooses.
 * @param wrapUpstream makes it of that
 */
export async function startRecorded(
  names: readonly string[],
  options: ConfigOption,
  wrapUpstream: (asked: UpstreamBinding) => UpstreamBinding,
): Promise<void> {
  const config = configFor(options);
  await startInProcess(config, selectServers(names, config), wrapUpstream);
}

/** Nobody but this machine reaches a herd that is tried out. */
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

/** All servers in this process. */
async function startInProcess(
  config: HerdConfig,
  servers: readonly ServerId[],
  wrapUpstream?: (asked: UpstreamBinding) => UpstreamBinding,
): Promise<void> {
  const stop = waitForStopSignal();
  const manager = new ServiceManager(process.env);
  // Loaded here, because a parent of processes needs none of it.
  const [{ createHostOptions }, { runServers }] = await Promise.all([
    import('../shared/host-options.js'),
    import('../../library/run-servers.js'),
  ]);
  const status = createStatus(config, servers);
  const hostOptions = createHostOptions(config, servers, (report) => status.record(report));
  const running = await runServers(config, servers, hostOptions, wrapUpstream);
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

/** One process a server, each started again when it dies. */
async function startProcesses(config: HerdConfig, servers: readonly ServerId[]): Promise<void> {
  requireBuckets(config);
  // Both signals may come before there are processes to kill.
  let kill = (): void => undefined;
  const stop = waitForStopSignal(undefined, () => kill());
  const manager = new ServiceManager(process.env);
  const sample = await startSampleIfNeeded(config);
  const status = createStatus(config, servers);
  const processes = new ProcessSupervisor(
    {
      clock: new SystemClock(),
      random: systemRandom,
      program: {
        file: mainFile,
        // Servers that are started elsewhere could not know a secret that was made up here.
        environment: servers.length === config.servers.size ? withHerdSecret(process.env) : process.env,
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
      announce(config, servers, status, 'each in a process of its own');
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

/** The sample service, if that is what WHATSAT asks. */
async function startSampleIfNeeded({ upstream }: HerdConfig): Promise<SampleUpstream | undefined> {
  return upstream.kind === 'sample' ? startSample() : undefined;
}

function createStatus(config: HerdConfig, servers: readonly ServerId[]): HerdStatus {
  const status = new HerdStatus(servers, config.topology);
  // That they come up needs no words; but without the bucket, or with a port in use, they never do, and who waits should know.
  status.subscribe(
    (change) =>
      change.neighbour === undefined && change.state === 'down' && print(sanitizeForOutput(formatChange(change))),
  );
  void status.whenReady().then(() => status.subscribe((change) => print(sanitizeForOutput(formatChange(change)))));
  return status;
}

function formatChange({ server, neighbour, part, state, reason }: StatusChange): string {
  const time = new Date().toISOString().slice(11, 19);
  const label = part ?? (neighbour === undefined ? undefined : `link to ${neighbour}`);
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
  print(`Herd ${config.herd} (${relative('.', config.file)}): ${servers.length} servers, ${where}\n`);
  print(formatTable(['server', 'clients', 'web', 'peers', 'links'], rows));
  if (config.log !== undefined) print(`\nLogs: ${config.log.dir}/<server>/`);
  print(`\nReady in ${(performance.now() / 1000).toFixed(2)} s. Ctrl-C stops the herd. Try:`);
  print(`  echo 'IAMAT phone +34.068930-118.445127 ${Math.floor(Date.now() / 1000)}' | nc ${first.join(' ')}`);
}
