#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigError, PortError, StoreError } from '../runtime/errors.js';
import { herdVersion } from '../library/version.js';
import { CommandError, UsageError } from './shared/errors.js';
import type {
  ConfigOption,
  QueryOptions,
  FuzzCommandOptions,
  NearOptions,
  ServeOptions,
  SimulateOptions,
  StartOptions,
  StatusOptions,
} from './shared/options.js';
import { ignoreBrokenPipe, warn } from './shared/output.js';

/*
 * Each command loads what it needs when it is called: what only a server needs would take most of the time of `herd send`.
 */

const config = [
  '--config <file>',
  'the herd (default: herd.yaml of this folder, or the one that comes with herd)',
] as const;
const server = ['--server <name>', 'the server to ask (default: the first that is up)'] as const;

const program = new Command('herd')
  .version(herdVersion)
  .description('A server herd for rapidly changing data: where every phone is, now.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

program
  .command('start')
  .description('run the herd, or the named servers of it, in this process')
  .argument('[server...]', 'servers to run here; they link to the others over TCP')
  .option(...config)
  .option('--processes', 'run one process per server, and start those again that die')
  .action(async (names: string[], options: StartOptions) =>
    (await import('./commands/start.js')).start(names, options),
  );

program
  .command('record')
  .description('run the herd, or the named servers of it, and note what its upstream answers, for kind: replay')
  .argument('<file>', 'where the answers go; it must not be there yet')
  .argument('[server...]', 'servers to run here')
  .option(...config)
  .action(async (file: string, names: string[], options: ConfigOption) =>
    (await import('./commands/record.js')).record(file, names, options),
  );

program
  .command('serve', { hidden: true })
  .argument('<server>')
  .option('--sample <url>')
  .option('--instrumented')
  .option(...config)
  .action(async (name: string, options: ServeOptions) => (await import('./commands/serve.js')).serve(name, options));

program
  .command('inspect', { hidden: true })
  .argument('<folder>')
  .action(async (folder: string) => (await import('./commands/inspect.js')).inspect(folder));

program
  .command('check')
  .description('check a config, and draw who talks with whom')
  .option(...config)
  .action(async (options: ConfigOption) => (await import('./commands/check.js')).check(options));

program
  .command('send')
  .description('send lines to a server and print its answers; interactive on a terminal')
  .argument('<server>', 'the server to talk to')
  .argument('[line...]', 'lines to send, each quoted; standard input if there are none')
  .option(...config)
  .action(async (name: string, lines: string[], options: ConfigOption) =>
    (await import('./commands/send.js')).send(name, lines, options),
  );

program
  .command('where')
  .description('say where a client is')
  .argument('<client>', "the client's ID")
  .option(...server)
  .option(...config)
  .action(async (client: string, options: QueryOptions) =>
    (await import('./commands/query.js')).where(client, options),
  );

program
  .command('near')
  .description('say what is near a client')
  .argument('<client>', "the client's ID")
  .option('--radius <km>', 'how far around, in kilometres', '10')
  .option('--count <number>', 'how many results at most', '5')
  .option(...server)
  .option(...config)
  .action(async (client: string, options: NearOptions) => (await import('./commands/query.js')).near(client, options));

program
  .command('watch')
  .description('print the AT line of each change of a client, or of all of them, until Ctrl-C')
  .argument('[client]', "the client's ID; * or nothing for all", '*')
  .option(...server)
  .option(...config)
  .action(async (client: string, options: QueryOptions) =>
    (await import('./commands/watch.js')).watch(client, options),
  );

program
  .command('status')
  .description('show who is up, links, locations, rates and lag; 0 all is well, 1 something is not, 2 could not look')
  .option(...config)
  .option('--watch', 'look again every second, until Ctrl-C')
  .option('--json', 'for programs: a line of JSON a look')
  .action(async (options: StatusOptions) => (await import('./commands/status/status.js')).status(options));

program
  .command('simulate')
  .description('Run scenarios in simulated time or on real servers. Exit code: 0 passed, 1 failed, 2 could not run')
  .argument('<file...>', 'scenario files')
  .option('--seed <number>', "override the scenario's random seed")
  .option('--environment <name>', 'where to run: virtual, sockets or processes (default: virtual)')
  .option('--live', 'run one scenario on real sockets and serve the dashboard of its herd until Ctrl-C')
  .option('--report <dir>', 'write results.json and timeline.html to this folder')
  .action(async (files: string[], options: SimulateOptions) =>
    (await import('./commands/simulate.js')).simulate(files, options),
  );

program
  .command('fuzz')
  .description('Run random scenarios in simulated time. Exit code: 0 all passed, 1 a run failed, 2 could not run')
  .option('--runs <number>', 'number of runs (default: 1000, or unlimited with --time)')
  .option('--time <duration>', 'stop starting new runs after this duration (e.g. 60s, 10m)')
  .option('--seed <number>', 'seed of the first run; each later run uses the next number (default: random)')
  .option('--keep-going', 'continue after a failed run and report all failures')
  .action(async (options: FuzzCommandOptions) => (await import('./commands/fuzz.js')).fuzzHerds(options, herdVersion));

program
  .command('schema')
  .description('print the JSON Schema of herd.yaml, for editors')
  .action(async () => (await import('./commands/schema.js')).schema());

/** Commands whose exit status 1 says that something is wrong with the herd; what goes wrong with themselves is 2. */
const commandsWithVerdict: ReadonlySet<string> = new Set(['status', 'simulate', 'fuzz']);
let isVerdictCommand = false;
program.hook('preAction', (_, command) => {
  isVerdictCommand = commandsWithVerdict.has(command.name());
  // Node would end with 1 for what nobody waits for.
  if (isVerdictCommand) process.on('uncaughtException', (error) => process.exit(reportError(error)));
});

for (const command of program.commands) command.exitOverride().showHelpAfterError('(--help tells how it is used)');

ignoreBrokenPipe();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

/** Says what went wrong, in a sentence where it is the user's to mend, and returns the exit status for it. */
function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    warn(error.message);
    return 2;
  }
  if (error instanceof ConfigError) for (const problem of error.problems) warn(problem);
  else if (error instanceof PortError || error instanceof StoreError || error instanceof CommandError)
    warn(error.message);
  else warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return isVerdictCommand ? 2 : 1;
}
