import { readFileSync } from 'node:fs';
import { validRadiusKmMax, type Upstream } from '../protocol/upstream/upstream.js';
import type { HerdConfig, UpstreamChoice } from '../runtime/config/herd-config.js';
import { ConfigError } from '../runtime/errors.js';
import { GotHttp } from '../runtime/upstream/got-http.js';
import type { Asked } from '../upstreams/upstream-binding.js';
import { googlePlacesLegacy } from '../upstreams/google-places-legacy.js';
import { googlePlaces } from '../upstreams/google-places.js';
import { parseRecording, type Recording } from '../upstreams/recording.js';
import { replay } from '../upstreams/replay.js';
import { Secret } from '../upstreams/secret.js';
import { twitterSearch } from '../upstreams/twitter.js';
import { wikipediaNearby } from '../upstreams/wikipedia.js';
import { xSearch } from '../upstreams/x.js';
import type { Environment } from './environment.js';
import { herdVersion } from './version.js';

/** Where what the config does not say is found. */
export interface UpstreamPlaces {
  /** Where the sample service listens; undefined where there is none. */
  readonly sampleUrl: string | undefined;
  /** Where keys are. */
  readonly environment: Environment;
}

/**
 * The upstream that the config chooses.
 * @throws ConfigError if its key is not set, or its recording cannot be read
 */
export function upstreamOf({ upstream: choice, upstreamPace }: HerdConfig, places: UpstreamPlaces): Asked {
  if (choice.kind === 'replay') {
    const { upstream, http } = replay(recordingIn(choice.file));
    return { upstream: asChosen(upstream, choice), http };
  }
  const key = (variable: string) => keyIn(variable, choice.kind, places.environment);
  return { upstream: httpUpstreamOf(choice, places.sampleUrl, key), http: new GotHttp(upstreamPace.requestsMax) };
}

/**
 * The largest count and radius that a WHATSAT may ask for, as far as it can be told without a key, and without the recording that
 * is played back: that lies with the servers, and they are undefined then. The radius is infinite where a larger one is clamped.
 */
export function whatsatLimitsOf({
  upstream: choice,
}: HerdConfig): { readonly countMax: number; readonly radiusKmMax: number } | undefined {
  if (choice.kind === 'replay') return undefined;
  const upstream = httpUpstreamOf(choice, 'http://sample.invalid', () => new Secret('no-key-is-needed-here'));
  return { countMax: upstream.countMax, radiusKmMax: validRadiusKmMax(upstream) };
}

/** The upstream as herd.yaml wants it. */
function asChosen(upstream: Upstream, { radiusBeyondMax }: Pick<UpstreamChoice, 'radiusBeyondMax'>): Upstream {
  return radiusBeyondMax === undefined ? upstream : { ...upstream, radiusBeyondMax };
}

function httpUpstreamOf(
  choice: Exclude<UpstreamChoice, { kind: 'replay' }>,
  sampleUrl: string | undefined,
  key: (variable: string) => Secret,
): Upstream {
  return asChosen(kindOf(choice, sampleUrl, key), choice);
}

function kindOf(
  choice: Exclude<UpstreamChoice, { kind: 'replay' }>,
  sampleUrl: string | undefined,
  key: (variable: string) => Secret,
): Upstream {
  switch (choice.kind) {
    case 'sample': {
      if (sampleUrl === undefined) throw new Error('the sample service was not started');
      return choice.shape === 'twitter' ? twitterSearch(sampleUrl) : googlePlacesLegacy(sampleUrl);
    }
    case 'twitter':
      return twitterSearch(choice.url, choice.keyFrom === undefined ? undefined : key(choice.keyFrom));
    case 'x':
      return xSearch({ baseUrl: choice.url, key: key(choice.keyFrom), fieldsParameter: choice.fieldsParameter });
    case 'google-places':
      return googlePlaces(choice.url, key(choice.keyFrom));
    case 'google-places-legacy':
      return googlePlacesLegacy(choice.url, key(choice.keyFrom));
    case 'own':
      return choice.upstream;
    case 'wikipedia':
      return wikipediaNearby(choice.url, `Herd/${herdVersion} (${choice.contact}) got/14`);
  }
}

function keyIn(variable: string, kind: string, environment: Environment): Secret {
  const text = environment[variable]?.trim() ?? '';
  if (text === '') {
    throw new ConfigError([
      `the upstream ${kind} needs a key in the environment variable ${variable}; docs/upstreams.md tells where to get one`,
    ]);
  }
  try {
    return new Secret(text);
  } catch (error) {
    throw new ConfigError([`the environment variable ${variable} holds no key: ${(error as RangeError).message}`]);
  }
}

function recordingIn(file: string): Recording {
  try {
    return parseRecording(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([`${file} cannot be replayed: ${code === 'ENOENT' ? 'there is no such file' : message}`]);
  }
}
