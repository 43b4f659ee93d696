import { mainFile } from '../main-file.js';
import { pageFolders } from '../../library/create-host.js';
import { inspectInSubprocess } from '../../library/inspect-in-subprocess.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { ProcessLauncher } from '../../simulation/processes/process-launcher.js';
import type { ServerLauncher } from '../../simulation/real/launcher.js';
import { RealEnvironment } from '../../simulation/real/real-environment.js';
import type { Scenario } from '../../simulation/scenario/scenario.js';
import { SocketLauncher, type LiveDashboard } from '../../simulation/sockets/socket-launcher.js';
import type { Environment, SimulationListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';
import { UsageError } from '../shared/errors.js';
import { withHerdSecret } from '../../library/secrets.js';
import { waitForStopSignal } from '../shared/signals.js';
import { createVirtualEnvironment } from './virtual-environment.js';

/** Creates the environment in which a scenario runs. */
export type CreateEnvironment = (scenario: Scenario, emit: SimulationListener) => Environment;

/** The user interrupted a run. */
export class InterruptedError extends Error {
  readonly code = 'HERD_INTERRUPTED';
}

/** How to create environments of real servers. */
export interface RealEnvironments {
  readonly createEnvironment: CreateEnvironment;
  /** Aborted by the first Ctrl-C. */
  readonly abortSignal: AbortSignal;
}

const environments: Readonly<Record<string, () => CreateEnvironment>> = {
  virtual: () => createVirtualEnvironment,
  sockets: () => realEnvironments(() => createSocketLauncher()).createEnvironment,
  processes: () => realEnvironments(() => new ProcessLauncher(instrumentedProgram())).createEnvironment,
};

/**
 * Returns how to create environments of that name.
 * @throws UsageError if the name is unknown
 */
export function environmentNamed(name: string): CreateEnvironment {
  const make = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (make === undefined)
    throw new UsageError(`unknown environment ${name} (expected one of: ${Object.keys(environments).join(', ')})`);
  return make();
}

/**
 * Returns how to create environments on real sockets whose servers serve the dashboard.
 * @param onDashboard called with the URL of the first server's dashboard, before the scenario begins
 */
export function liveEnvironments(onDashboard: (url: string) => void): RealEnvironments {
  return realEnvironments(({ herd }) => {
    const [first] = herd.topology.keys();
    const onStarted = (server: ServerId, httpPort: number) => {
      if (server === first) onDashboard(`http://127.0.0.1:${httpPort}`);
    };
    return createSocketLauncher({ pageFolders, onStarted });
  });
}

function createSocketLauncher(dashboard?: LiveDashboard): SocketLauncher {
  const required = { createUpstream: twitterSearch, inspect: inspectInSubprocess };
  return new SocketLauncher(dashboard === undefined ? required : { ...required, dashboard });
}

/** Creates environments of real servers. Ctrl-C interrupts the current run; servers end with this process. */
function realEnvironments(createLauncher: (scenario: Scenario) => ServerLauncher): RealEnvironments {
  const controller = new AbortController();
  const { signal: abortSignal } = controller;
  let current: RealEnvironment | undefined;
  process.on('exit', () => current?.killAll());
  void waitForStopSignal(undefined, () => process.exit(2)).then(() =>
    controller.abort(new InterruptedError('interrupted: result inconclusive')),
  );
  const createEnvironment: CreateEnvironment = (scenario, emit) => {
    current = new RealEnvironment(scenario, { launcher: createLauncher(scenario), emit, abortSignal });
    return current;
  };
  return { createEnvironment, abortSignal };
}

/** This command as a child process that runs one server. */
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
