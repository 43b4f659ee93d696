import { rm } from 'node:fs/promises';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import { connectedComponents } from '../../src/protocol/place/topology.js';
import { Client } from './client.js';
import { HerdCommand, type CommandOptions, type End } from './command.js';
import { eventually } from './eventually.js';
import { writeHerdFile, type HerdFile, type HerdPlan } from './herd-file.js';
import { childrenOf, isAlive } from './process-table.js';

/**
 * How a herd runs: `herd start`; `herd start --processes`, where one that dies is started again; `herd start NAME` for each
 * server, where one that dies stays dead until it is restarted; or `herd start NAMES` for each group of servers.
 */
export type ProcessMode = 'one process' | 'processes' | 'one command a server' | readonly (readonly string[])[];

/** Under which circumstances a command runs. */
type LaunchCircumstances = Pick<CommandOptions, 'env' | 'maxFileBytes'>;

/**
 * Starts a herd of the real command, and resolves when the command says that it is ready. Where there is more than one
 * command, that says nothing of the links between them: `waitForAgreement` waits for those.
 */
export async function startHerd({ mode, ...plan }: { mode: ProcessMode } & HerdPlan): Promise<Herd> {
  const herd = new Herd(mode, await writeHerdFile(plan));
  await herd.start();
  return herd;
}

/** A herd that runs. Servers go by their names, clients by their IDs. */
export class Herd {
  private readonly groups: readonly (readonly string[])[];
  private readonly commands = new Map<string, HerdCommand>();
  private readonly circumstances = new Map<string, LaunchCircumstances>();

  constructor(
    private readonly mode: ProcessMode,
    readonly file: HerdFile,
    /** The file of the authority that its servers have their certificates from; undefined for plain TCP. */
    private readonly ca?: string,
  ) {
    if (mode === 'one command a server') this.groups = this.servers.map((server) => [server]);
    else this.groups = typeof mode === 'string' ? [this.servers] : mode;
  }

  get servers(): readonly string[] {
    return this.file.servers;
  }

  async start(): Promise<void> {
    try {
      for (const group of this.groups) this.launch(group);
      await Promise.all(this.allCommands.map((command) => command.waitForOutput('Ready in')));
    } catch (error) {
      for (const command of this.allCommands) command.signalGroup('SIGKILL');
      throw error;
    }
  }

  /** Has the command that runs a server started so from now on. */
  setCircumstances(server: string, circumstances: LaunchCircumstances): void {
    this.circumstances.set(server, circumstances);
  }

  /** The command that runs the server. */
  command(server = this.servers[0] ?? ''): HerdCommand {
    const command = this.commands.get(server);
    if (command === undefined) throw new Error(`no command runs ${server}`);
    return command;
  }

  /** The process that the server runs in. */
  pidOf(server: string): number {
    const { pid } = this.command(server);
    if (this.mode !== 'processes') return pid;
    const child = childrenOf(pid).find(({ args }) => args.includes('serve') && args.includes(server));
    if (child === undefined) throw new Error(`${server} has no process`);
    return child.pid;
  }

  /** Ends servers as a power cut would, and all else that runs in their processes. Resolves when they are gone. */
  async kill(...servers: string[]): Promise<void> {
    const pids = servers.map((server) => this.pidOf(server));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    if (this.mode === 'processes') await eventually(`${servers.join(' and ')} are gone`, () => !pids.some(isAlive));
    else await Promise.all(servers.map((server) => this.command(server).waitForExit()));
  }

  /** Starts servers again that were killed, or sees their supervisor do it. Resolves when they take clients. */
  async restart(...servers: string[]): Promise<void> {
    if (this.mode === 'processes') {
      for (const server of servers) {
        await eventually(`${server} is back`, async () => (await this.sendAll(server, 'x\n')) === '? x\n');
      }
      return;
    }
    const groups = this.groups.filter((group) => group.some((server) => servers.includes(server)));
    await Promise.all(groups.map((group) => this.launch(group).waitForOutput('Ready in')));
  }

  /** Stops the herd as a person does, and clears its folder away. Resolves with how its commands ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<End[]> {
    for (const command of this.allCommands) command.signal(signal);
    const ends = await Promise.all(this.allCommands.map((command) => command.waitForExit()));
    await rm(this.file.folder, { recursive: true });
    return ends;
  }

  /** Connects a client to a server. */
  connect(server: string): Promise<Client> {
    const port = this.file.portOf(server);
    return this.ca === undefined ? Client.connect(port) : Client.connectTls(port, { ca: this.ca, server });
  }

  /** Sends a server everything at once, as `nc` does, and returns all that it answers. */
  async sendAll(server: string, bytes: ByteString): Promise<ByteString> {
    const client = await this.connect(server);
    try {
      return await client.sendAll(bytes);
    } finally {
      client.close();
    }
  }

  /** Reports a client at a server; returns its AT line. */
  async report(server: string, client: ByteString, time = '1353118103.108893381'): Promise<ByteString> {
    const answer = await this.sendAll(server, `IAMAT ${client} +27.5916+086.5640 ${time}\n`);
    if (!answer.startsWith(`AT ${server} `)) throw new Error(`${server} answered a report with ${answer}`);
    return answer.slice(0, -1);
  }

  /** The AT line that a server holds for each of the clients; undefined for those that it does not know. */
  async queryLocations(server: string, clients: readonly ByteString[]): Promise<(ByteString | undefined)[]> {
    const answer = await this.sendAll(server, clients.map((client) => `WHATSAT ${client} 0 0\n`).join(''));
    const firstLines = answer.split('\n').filter((line) => line.startsWith('AT ') || line.startsWith('? '));
    if (firstLines.length !== clients.length)
      throw new Error(`${server} answered ${clients.length} commands with ${answer}`);
    return firstLines.map((head) => (head.startsWith('AT ') ? head : undefined));
  }

  /** Waits until each of the servers holds each of the AT lines. */
  async waitForAgreement(atLines: readonly ByteString[], servers: readonly string[] = this.servers): Promise<void> {
    const clients = atLines.map((at) => at.split(' ')[3] ?? '');
    for (const server of servers) {
      await eventually(`${server} knows what ${atLines.length} reports said`, async () => {
        const memory = await this.queryLocations(server, clients);
        const missing = atLines.filter((at, index) => memory[index] !== at);
        if (missing.length > 0) throw new Error(`${missing.length} are missing, such as ${missing[0] ?? ''}`);
        return true;
      });
    }
  }

  /** The servers that know the client now. */
  async serversKnowing(client: ByteString, among: readonly string[]): Promise<string[]> {
    const known = await Promise.all(among.map(async (server) => (await this.queryLocations(server, [client]))[0]));
    return among.filter((_, index) => known[index] !== undefined);
  }

  /** The servers that a server can reach while some are away, itself among them. */
  reachableServers(server: string, downServers: readonly string[] = []): string[] {
    const parts = connectedComponents(this.file.topology, new Set(downServers as ServerId[]));
    return parts.find((part) => part.includes(server as ServerId))?.sort() ?? [];
  }

  private get allCommands(): HerdCommand[] {
    return [...new Set(this.commands.values())];
  }

  private launch(group: readonly string[]): HerdCommand {
    const [first = ''] = group;
    const args = this.mode === 'one process' ? [] : this.mode === 'processes' ? ['--processes'] : group;
    const path = this.file.serverConfigPath(first);
    const command = new HerdCommand(['start', ...args, ...(path === undefined ? [] : ['--config', path])], {
      ...this.circumstances.get(first),
      cwd: this.file.folder,
    });
    for (const server of group) this.commands.set(server, command);
    return command;
  }
}
