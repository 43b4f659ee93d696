import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A build of the command, with the names that its herd.yaml uses. */
export interface HerdBuild {
  /** Path of the program that Node.js runs. */
  program(): string;
  /** Translates a herd.yaml with today's names. */
  translate(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Returns why the build cannot run; undefined if it can. */
  missingReason(): string | undefined;
}

/** The bundled command of this build. */
export const thisBuild: HerdBuild = ownBuild('../../command/main.js');

/** The modules of this build, whose file names appear in profiles. */
export const theseModules: HerdBuild = ownBuild('../../src/cli/main.js');

/** Environment variable with the folder of the baseline build. */
export const baselineVariable = 'HERD_BASELINE';

/** Commit of the baseline build: the last one with text on the message path and the settings that came before topology. */
export const baselineCommit = '70c3688';

/** An earlier build in the folder that `HERD_BASELINE` names, as `npm run bench:baseline` prepares it. */
export const baselineBuild: HerdBuild = {
  program: () => baselineProgram() ?? '',
  translate: translateForBaseline,
  missingReason: () =>
    existsSync(baselineProgram() ?? '')
      ? undefined
      : `no build of ${baselineCommit}; prepare one with "npm run bench:baseline -- DIR", then add --baseline DIR`,
};

function ownBuild(path: string): HerdBuild {
  const program = fileURLToPath(new URL(path, import.meta.url));
  return { program: () => program, translate: (document) => document, missingReason: () => undefined };
}

function baselineProgram(): string | undefined {
  const folder = process.env[baselineVariable];
  return folder === undefined ? undefined : resolve(folder, 'dist/command/main.js');
}

/** Names of settings in the baseline build; undefined if it has no such setting. */
const baselineNames: Readonly<Record<string, string | undefined>> = {
  topology: 'talks',
  replication: 'spread',
  maxCommandsPerSecond: 'commandsPerSecondMax',
  maxClients: 'clientsMax',
  maxSubscribersPerAddress: undefined,
  maxLookupsPerSecond: 'seeksPerSecondMax',
  maxLookupsPerSecondPerAddress: undefined,
};

/** Renames settings of herd.yaml, and of its sections, to those of the baseline build; leaves out those that it lacks. */
export function translateForBaseline(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const renamed = Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    const baselineName = name in baselineNames ? baselineNames[name] : name;
    if (baselineName === undefined) return [];
    return [[baselineName, name === 'limits' ? translateForBaseline(value as Record<string, unknown>) : value]];
  });
  return Object.fromEntries(renamed);
}
