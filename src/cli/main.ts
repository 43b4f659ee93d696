#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { HerdClientError } from '../client/errors.js';
import { ConfigError, PortError, StoreError } from '../runtime/errors.js';
import { herdVersion } from '../runtime/host/package-folder.js';
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
 * Each command is imported when it is called: loading the modules of a server would take most of the time of `herd send`.
 */

const config = ['--config <file>', 'configuration file (default: ./herd.yaml, else the bundled one)'] as const;
const server = ['--server <name>', 'server to query (default: the first that responds)'] as const;

const program = new Command('herd')
  .version(herdVersion)
  .description('A distributed in-memory store for the latest location of every client.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

program
  .command('start')
  .description('Start all servers (or the named ones) in this process')
  .argument('[server...]', 'servers to start; they connect to the others over TCP')
  .option(...config)
  .option('--processes', 'run each server in its own process and restart it if it exits')
  .option('--record <file>', 'record upstream responses for later replay; the file must not exist')
  .action(async (names: string[], options: StartOptions) =>
    (await import('./commands/start.js')).start(names, options),
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
  .description('Validate the configuration and print the topology')
  .option(...config)
  .action(async (options: ConfigOption) => (await import('./commands/check.js')).check(options));

program
  .command('send')
  .description('Send lines to a server and print its responses; interactive on a terminal')
  .argument('<server>', 'server to connect to')
  .argument('[line...]', 'lines to send, each quoted (default: standard input)')
  .option(...config)
  .action(async (name: string, lines: string[], options: ConfigOption) =>
    (await import('./commands/send.js')).send(name, lines, options),
  );

program
  .command('where')
  .description("Print a client's location. Exit code: 0 found, 1 unknown client")
  .argument('<client>', 'client ID')
  .option(...server)
  .option(...config)
  .action(async (client: string, options: QueryOptions) =>
    (await import('./commands/query.js')).where(client, options),
  );

program
  .command('near')
  .description('List what is near a client. Exit code: 0 found, 1 unknown client')
  .argument('<client>', 'client ID')
  .option('--radius <km>', 'radius in kilometres', '10')
  .option('--count <number>', 'maximum number of results', '5')
  .option(...server)
  .option(...config)
  .action(async (client: string, options: NearOptions) => (await import('./commands/query.js')).near(client, options));

program
  .command('watch')
  .description('Print the AT line of each change of a client, or of all clients, until Ctrl-C')
  .argument('[client]', 'client ID; * for all', '*')
  .option(...server)
  .option(...config)
  .action(async (client: string, options: QueryOptions) =>
    (await import('./commands/watch.js')).watch(client, options),
  );

program
  .command('status')
  .description('Show server, link and replication status. Exit code: 0 healthy, 1 degraded, 2 unknown')
  .option(...config)
  .option('--watch', 'refresh every second, until Ctrl-C')
  .option('--json', 'print one JSON object per refresh')
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
  .description('Print the JSON Schema of herd.yaml, for editors')
  .action(async () => (await import('./commands/schema.js')).schema());

for (const command of program.commands) command.exitOverride().showHelpAfterError('(run with --help for usage)');

// Node itself would exit with 1, which is the exit code of a negative verdict.
process.on('uncaughtException', (error) => process.exit(reportError(error)));
ignoreBrokenPipe();
const operatingErrors = [UsageError, CommandError, PortError, StoreError, HerdClientError];
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

/**
 * Prints an error, with a stack trace unless it is an operating error, and returns the exit code. A negative verdict (exit code 1) is
 * not an error: the command sets it itself.
 */
function reportError(error: unknown): 0 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) for (const problem of error.problems) warn(problem);
  else if (operatingErrors.some((type) => error instanceof type)) warn((error as Error).message);
  else warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 2;
}
