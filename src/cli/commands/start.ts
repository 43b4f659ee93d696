import { relative } from 'node:path';
import { requireBuckets } from '../../library/bucket.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { HerdStatus, type StatusChange } from '../../runtime/host/herd-status.js';
import { hostAndPort } from '../../runtime/sockets/listening.js';
import { Processes } from '../../runtime/processes/processes.js';
import { SystemClock } from '../../runtime/time/system-clock.js';
import { systemRandom } from '../../runtime/time/system-random.js';
import type { Asked } from '../../upstreams/upstream-binding.js';
import type { SampleUpstream } from '../../upstreams/sample/start.js';
import { mainFile } from '../main-file.js';
import { configFor, serversNamed } from '../shared/config-file.js';
import { CommandError } from '../shared/errors.js';
import { onHangup } from '../shared/hangup.js';
import type { ConfigOption, StartOptions } from '../shared/options.js';
import { memoryHere, memoryWarning } from '../shared/memory-warning.js';
import { modeOf } from '../shared/mode.js';
import { forOutput, print, warn } from '../shared/output.js';
import { startSample } from './sample.js';
import { environmentWithSecret } from '../shared/secrets.js';
import { ServiceManager } from '../shared/service-manager.js';
import { stopRequested } from '../shared/signals.js';
import { table } from '../shared/table.js';

/** `herd start`: runs servers until it is told to stop. */
export async function start(names: readonly string[], options: StartOptions): Promise<void> {
  const config = configFor(options);
  const servers = serversNamed(names, config);
  warnOfMemory(config, servers, options.processes === true ? servers.map((server) => [server]) : [servers]);
  await (options.processes === true ? startProcesses(config, servers) : startHere(config, servers));
}

/**
 * The same in this process, asking something else than the config chooses.
 * @param wrap makes it of that
 */
export async function startRecorded(
  names: readonly string[],
  options: ConfigOption,
  wrap: (asked: Asked) => Asked,
): Promise<void> {
  const config = configFor(options);
  await startHere(config, serversNamed(names, config), wrap);
}

/** Nobody but this machine reaches a herd that is tried out. */
function warnOfMemory(
  config: HerdConfig,
  servers: readonly ServerId[],
  processes: readonly (readonly ServerId[])[],
): void {
  if (modeOf(config, servers) === 'development') return;
  const hosted = processes.map((each) => new Set(each));
  const warning = memoryWarning(config, hosted, memoryHere());
  if (warning !== undefined) warn(warning);
}

/** All servers in this process. */
async function startHere(
  config: HerdConfig,
  servers: readonly ServerId[],
  wrap?: (asked: Asked) => Asked,
): Promise<void> {
  const stop = stopRequested();
  const manager = new ServiceManager(process.env);
  // Loaded here, because a parent of processes needs none of it.
  const [{ surroundingsOf }, { runServers }] = await Promise.all([
    import('../shared/compose.js'),
    import('../../library/run.js'),
  ]);
  const status = statusOf(config, servers);
  const surroundings = surroundingsOf(config, servers, (report) => status.note(report));
  const running = await runServers(config, servers, surroundings, wrap);
  try {
    void status.ready().then(() => {
      announce(config, servers, status, 'in this process');
      manager.ready();
    });
    await stop;
    status.unwatch();
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
  const stop = stopRequested(undefined, () => kill());
  const manager = new ServiceManager(process.env);
  const sample = await sampleFor(config);
  const status = statusOf(config, servers);
  const processes = new Processes(
    {
      clock: new SystemClock(),
      random: systemRandom,
      program: {
        file: mainFile,
        // Servers that are started elsewhere could not know a secret that was made up here.
        environment: servers.length === config.servers.size ? environmentWithSecret(process.env) : process.env,
        argumentsFor: (server) => [
          'serve',
          server,
          ...['--config', config.file],
          ...(sample === undefined ? [] : ['--sample', sample.url]),
        ],
      },
      onReport: (report) => status.note(report),
    },
    servers,
  );
  const areCertificates = config.tls.clients !== undefined || config.tls.peers !== undefined;
  onHangup(areCertificates ? () => processes.signal('SIGHUP') : undefined);
  kill = () => processes.kill();
  try {
    void status.ready().then(() => {
      announce(config, servers, status, 'each in a process of its own');
      manager.ready();
    });
    const failed = await Promise.race([stop, processes.run().catch((error: unknown) => error)]);
    status.unwatch();
    if (failed instanceof Error) throw new CommandError(failed.message, { cause: failed });
    manager.stopping();
    print('Stopping ...');
  } finally {
    await processes.stop();
    await sample?.stop();
  }
}

/** The sample service, if that is what WHATSAT asks. */
async function sampleFor({ upstream }: HerdConfig): Promise<SampleUpstream | undefined> {
  return upstream.kind === 'sample' ? startSample() : undefined;
}

function statusOf(config: HerdConfig, servers: readonly ServerId[]): HerdStatus {
  const status = new HerdStatus(servers, config.topology);
  // That they come up needs no words; but without the bucket, or with a port in use, they never do, and who waits should know.
  status.watch(
    (change) => change.neighbour === undefined && change.state === 'down' && print(forOutput(describe(change))),
  );
  void status.ready().then(() => status.watch((change) => print(forOutput(describe(change)))));
  return status;
}

function describe({ server, neighbour, part, state, reason }: StatusChange): string {
  const time = new Date().toISOString().slice(11, 19);
  const what = part ?? (neighbour === undefined ? undefined : `link to ${neighbour}`);
  const who = what === undefined ? server : `${server}: ${what}`;
  return `${time} ${who} is ${state}${reason === '' ? '' : ` (${reason})`}`;
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
      hostAndPort(host, ports?.client),
      String(ports?.http ?? ''),
      config.spread.kind === 'nats' ? 'by NATS' : config.bridge?.by.has(server) === true ? `${peers}, NATS` : peers,
      links.join(' '),
    ];
  });
  const first = rows[0]?.[1]?.split(':') ?? [];
  print(`Herd ${config.herd} (${relative('.', config.file)}): ${servers.length} servers, ${where}\n`);
  print(table(['server', 'clients', 'web', 'peers', 'links'], rows));
  if (config.log !== undefined) print(`\nLogs: ${config.log.dir}/<server>/`);
  print(`\nReady in ${(performance.now() / 1000).toFixed(2)} s. Ctrl-C stops the herd. Try:`);
  print(`  echo 'IAMAT phone +34.068930-118.445127 ${Math.floor(Date.now() / 1000)}' | nc ${first.join(' ')}`);
}
