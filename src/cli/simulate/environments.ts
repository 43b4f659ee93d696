import { mainFile } from '../main-file.js';
import { inspectApart } from '../../library/inspect.js';
import { ProcessHosting } from '../../simulation/processes/process-hosting.js';
import type { Hosting } from '../../simulation/real/launcher.js';
import { RealWorld } from '../../simulation/real/real-environment.js';
import type { Scenario } from '../../simulation/scenario/scenario.js';
import { SocketHosting } from '../../simulation/sockets/socket-hosting.js';
import type { World, WorldListener } from '../../simulation/environment.js';
import { twitterSearch } from '../../upstreams/twitter.js';
import { UsageError } from '../shared/errors.js';
import { environmentWithSecret } from '../shared/secrets.js';
import { stopRequested } from '../shared/signals.js';
import { virtualWorld } from './virtual-world.js';

/** Makes the world in which a scenario is played. */
export type MakeWorld = (scenario: Scenario, tell: WorldListener) => World;

/** The user has broken off what was being played. */
export class Interruption extends Error {
  readonly code = 'HERD_INTERRUPTED';
}

/** The worlds that scenarios can be played in. */
const worlds: Readonly<Record<string, () => MakeWorld>> = {
  virtual: () => virtualWorld,
  sockets: () => realWorlds(() => new SocketHosting({ upstreamAt: twitterSearch, inspect: inspectApart })),
  processes: () => realWorlds(() => new ProcessHosting(watchedProgram())),
};

/**
 * How worlds of that name are made.
 * @throws UsageError if there is none
 */
export function worldNamed(name: string): MakeWorld {
  const make = Object.hasOwn(worlds, name) ? worlds[name] : undefined;
  if (make === undefined)
    throw new UsageError(`there is no world ${name}; there are ${Object.keys(worlds).join(', ')}`);
  return make();
}

/** Worlds of real servers. Ctrl-C breaks off what is being played, and however this process ends, so do they. */
function realWorlds(hosting: () => Hosting): MakeWorld {
  const interruption = new AbortController();
  let present: RealWorld | undefined;
  process.on('exit', () => present?.abandon());
  void stopRequested(undefined, () => process.exit(2)).then(() =>
    interruption.abort(new Interruption('interrupted: nothing is decided')),
  );
  return (scenario, tell) => {
    present = new RealWorld(scenario, { hosting: hosting(), tell, interrupted: interruption.signal });
    return present;
  };
}

/** The command itself, as the child that serves one server. */
function watchedProgram(): ConstructorParameters<typeof ProcessHosting>[0] {
  return {
    file: mainFile,
    environment: environmentWithSecret(process.env),
    argumentsFor: (server, { file, upstreamUrl }) => [
      'serve',
      server,
      '--config',
      file,
      '--sample',
      upstreamUrl,
      '--watched',
    ],
  };
}
