import { mainFile } from '../main-file.js';
import { inspectInSubprocess } from '../../library/inspect-in-subprocess.js';
import { ProcessLauncher } from '../../simulation/processes/process-launcher.js';
import type { ServerLauncher } from '../../simulation/real/launcher.js';
import { RealEnvironment } from '../../simulation/real/real-environment.js';
import type { Scenario } from '../../simulation/scenario/scenario.js';
import { SocketLauncher } from '../../simulation/sockets/socket-launcher.js';
import type { Environment, SimulationListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';
import { UsageError } from '../shared/errors.js';
import { withHerdSecret } from '../../library/secrets.js';
import { waitForStopSignal } from '../shared/signals.js';
import { createVirtualEnvironment } from './virtual-environment.js';

/** Makes the world in which a scenario is played. */
export type CreateEnvironment = (scenario: Scenario, tell: SimulationListener) => Environment;

/** The user has broken off what was being played. */
export class InterruptedError extends Error {
  readonly code = 'HERD_INTERRUPTED';
}

/** The worlds that scenarios can be played in. */
const environments: Readonly<Record<string, () => CreateEnvironment>> = {
  virtual: () => createVirtualEnvironment,
  sockets: () =>
    realEnvironments(() => new SocketLauncher({ createUpstream: twitterSearch, inspect: inspectInSubprocess })),
  processes: () => realEnvironments(() => new ProcessLauncher(instrumentedProgram())),
};

/**
 * How worlds of that name are made.
 * @throws UsageError if there is none
 */
export function environmentNamed(name: string): CreateEnvironment {
  const make = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (make === undefined)
    throw new UsageError(`there is no world ${name}; there are ${Object.keys(environments).join(', ')}`);
  return make();
}

/** Worlds of real servers. Ctrl-C breaks off what is being played, and however this process ends, so do they. */
function realEnvironments(hosting: () => ServerLauncher): CreateEnvironment {
  const interruption = new AbortController();
  let current: RealEnvironment | undefined;
  process.on('exit', () => current?.killAll());
  void waitForStopSignal(undefined, () => process.exit(2)).then(() =>
    interruption.abort(new InterruptedError('interrupted: nothing is decided')),
  );
  return (scenario, emit) => {
    current = new RealEnvironment(scenario, { launcher: hosting(), emit, abortSignal: interruption.signal });
    return current;
  };
}

/** The command itself, as the child that serves one server. */
function instrumentedProgram(): ConstructorParameters<typeof ProcessLauncher>[0] {
  return {
    file: mainFile,
    environmentVariables: withHerdSecret(process.env),
    argumentsFor: (server, { herdYaml, upstreamUrl }) => [
      'serve',
      server,
      '--config',
      herdYaml,
      '--sample',
      upstreamUrl,
      '--instrumented',
    ],
  };
}
