import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { ConfigError } from '../../runtime/errors.js';
import { packageFolder } from '../../runtime/host/package-folder.js';
import { StageError, type Play, type Stage, type Story, type StoryNews } from '../../runtime/faults/stage.js';
import { RealWorld, refusalOf, refusalOfHerd } from '../../simulation/real/real-environment.js';
import { HostingError } from '../../simulation/real/launcher.js';
import { WorldRefusal } from '../../simulation/run/unsupported-scenario.js';
import { runScenario } from '../../simulation/run/runner.js';
import { loadScenario, parseScenario } from '../../simulation/scenario/scenario-loader.js';
import type { Scenario } from '../../simulation/scenario/scenario.js';
import { SocketHosting } from '../../simulation/sockets/socket-hosting.js';
import { twitterSearch } from '../../upstreams/twitter.js';
import { inspectApart } from '../../library/inspect.js';
import { verdictOf } from './simulation-output.js';
import { StoryTeller } from './scenario-events.js';

/** The scenarios that come with the package. */
const folder = fileURLToPath(new URL('examples/scenarios/', packageFolder));

/** What a story may take of the process that it shares with a herd. */
const storyLimits = { servers: 20, clients: 500, perSecond: 500, lastsMs: 300_000 };

/** Plays scenarios in the world of sockets, in this process. */
export class ScenarioStage implements Stage {
  private state: 'free' | 'playing' = 'free';
  private playable: Promise<readonly string[]> | undefined;

  /** @param running the herd that a scenario means when it names a file, unless it comes with the package */
  constructor(private readonly running: HerdConfig) {}

  /** Those that the world of sockets can play. They are read once. */
  shipped(): Promise<readonly string[]> {
    return (this.playable ??= this.findPlayable());
  }

  private async findPlayable(): Promise<readonly string[]> {
    const names = await readdir(folder).catch(() => []);
    const hosting = hostingHere();
    return names.sort().filter((name) => {
      if (!name.endsWith('.yaml')) return false;
      const { herd, steps } = loadScenario(join(folder, name), {});
      if (refusalOfHerd(herd) !== undefined) return false;
      return steps.every(({ action }) => refusalOf(action, hosting) === undefined);
    });
  }

  async read(story: Story): Promise<Play> {
    const scenario = await this.scenarioOf(story);
    const tooMuch = excessOf(scenario);
    if (tooMuch.length > 0) throw new StageError(tooMuch);
    return async (tell, brokenOff) => {
      if (this.state === 'playing') throw new StageError(['another scenario is being played']);
      this.state = 'playing';
      try {
        return await play(scenario, tell, AbortSignal.any([brokenOff, AbortSignal.timeout(2 * storyLimits.lastsMs)]));
      } finally {
        this.state = 'free';
      }
    };
  }

  /** Nothing of the environment gets into a story: it is told to whoever brings it. */
  private async scenarioOf(story: Story): Promise<Scenario> {
    try {
      if (story.kind === 'brought') return parseScenario(story.name, story.text, {}, this.running);
      const names = await this.shipped();
      if (names.includes(story.name)) return loadScenario(join(folder, story.name), {});
    } catch (error) {
      throw error instanceof ConfigError ? new StageError(error.problems) : error;
    }
    throw new StageError([`no scenario ${story.name} comes with Herd`]);
  }
}

async function play(scenario: Scenario, tell: (news: StoryNews) => void, brokenOff: AbortSignal): ReturnType<Play> {
  const teller = new StoryTeller(scenario.herd.topology, tell);
  const startedMs = performance.now();
  let world: RealWorld | undefined;
  const abandon = (): void => world?.abandon();
  process.on('exit', abandon);
  try {
    const result = await runScenario(scenario, {
      world: (hear) => {
        world = new RealWorld(scenario, { hosting: hostingHere(), tell: hear, interrupted: brokenOff });
        return world;
      },
      onEntry: (atMs, event) => teller.note(atMs, event),
    });
    return { verdict: result.verdict, words: verdictOf(result, performance.now() - startedMs).trim() };
  } catch (error) {
    if (error instanceof WorldRefusal) throw new StageError(error.problems);
    if (brokenOff.aborted) throw new StageError(['broken off: nothing is decided']);
    if (error instanceof HostingError) throw new StageError([error.message]);
    throw error;
  } finally {
    teller.end();
    process.off('exit', abandon);
  }
}

function hostingHere(): SocketHosting {
  return new SocketHosting({ upstreamAt: twitterSearch, inspect: inspectApart });
}

function excessOf({ herd, clients, steps, settleMs }: Scenario): string[] {
  const lastsMs = (steps.at(-1)?.atMs ?? 0) + settleMs;
  const all: readonly (readonly [is: number, most: number, what: string])[] = [
    [herd.topology.size, storyLimits.servers, 'servers'],
    [clients.count, storyLimits.clients, 'clients'],
    [clients.perSecond, storyLimits.perSecond, 'reports a second'],
    [lastsMs / 1_000, storyLimits.lastsMs / 1_000, 'seconds'],
  ];
  return all.flatMap(([is, most, what]) =>
    is > most ? [`it has ${is} ${what}; beside a herd that runs, ${most} may be played`] : [],
  );
}
