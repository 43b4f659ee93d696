import { readFileSync } from 'node:fs';
import { maxValidRadiusKm, type Upstream } from '../protocol/upstream/upstream.js';
import type { HerdConfig, UpstreamConfig } from '../runtime/config/herd-config.js';
import { ConfigError } from '../runtime/errors.js';
import { herdVersion } from '../runtime/host/package-folder.js';
import { GotHttp } from '../runtime/upstream/got-http.js';
import type { UpstreamBinding } from '../upstreams/upstream-binding.js';
import { googlePlacesLegacy } from '../upstreams/google-places-legacy.js';
import { googlePlaces } from '../upstreams/google-places.js';
import { parseRecording, type Recording } from '../upstreams/recording.js';
import { replay } from '../upstreams/replay.js';
import { Secret } from '../upstreams/secret.js';
import { twitterSearch } from '../upstreams/twitter.js';
import { wikipediaNearby } from '../upstreams/wikipedia.js';
import { xSearch } from '../upstreams/x.js';
import type { Environment } from './options.js';

/** Inputs of an upstream that are not in the config. */
export interface UpstreamSources {
  /** Base URL of the sample service; undefined if it does not run. */
  readonly sampleUrl: string | undefined;
  /** Holds the API keys. */
  readonly environment: Environment;
}

/**
 * Creates the upstream that the config selects.
 * @throws ConfigError if its API key is not set or invalid, or its recording cannot be read
 */
export function createUpstream(
  { upstream: choice, upstreamSettings }: HerdConfig,
  sources: UpstreamSources,
): UpstreamBinding {
  if (choice.kind === 'replay') {
    const { upstream, http } = replay(readRecording(choice.file));
    return { upstream: applyRadiusPolicy(upstream, choice), http };
  }
  const key = (variable: string) => readApiKey(variable, choice.kind, sources.environment);
  return {
    upstream: createHttpUpstream(choice, sources.sampleUrl, key),
    http: new GotHttp(upstreamSettings.maxConcurrentRequests),
  };
}

/**
 * Returns the largest valid count and radius of a WHATSAT. The radius is infinite if the upstream clamps it.
 * @returns undefined for `kind: replay`, whose limits are in the recording, on the machines of the servers
 */
export function nearbyLimits({
  upstream: choice,
}: HerdConfig): { readonly maxCount: number; readonly maxRadiusKm: number } | undefined {
  if (choice.kind === 'replay') return undefined;
  const upstream = createHttpUpstream(choice, 'http://sample.invalid', () => new Secret('no-key-is-needed-here'));
  return { maxCount: upstream.maxCount, maxRadiusKm: maxValidRadiusKm(upstream) };
}

function applyRadiusPolicy(upstream: Upstream, { radiusBeyondMax }: Pick<UpstreamConfig, 'radiusBeyondMax'>): Upstream {
  return radiusBeyondMax === undefined ? upstream : { ...upstream, radiusBeyondMax };
}

function createHttpUpstream(
  choice: Exclude<UpstreamConfig, { kind: 'replay' }>,
  sampleUrl: string | undefined,
  key: (variable: string) => Secret,
): Upstream {
  return applyRadiusPolicy(createUpstreamOfKind(choice, sampleUrl, key), choice);
}

function createUpstreamOfKind(
  choice: Exclude<UpstreamConfig, { kind: 'replay' }>,
  sampleUrl: string | undefined,
  key: (variable: string) => Secret,
): Upstream {
  switch (choice.kind) {
    case 'sample': {
      if (sampleUrl === undefined) throw new Error('the sample service was not started');
      return choice.format === 'twitter' ? twitterSearch(sampleUrl) : googlePlacesLegacy(sampleUrl);
    }
    case 'twitter':
      return twitterSearch(choice.url, choice.apiKeyEnv === undefined ? undefined : key(choice.apiKeyEnv));
    case 'x':
      return xSearch({ baseUrl: choice.url, key: key(choice.apiKeyEnv), fieldsParameter: choice.fieldsParameter });
    case 'google-places':
      return googlePlaces(choice.url, key(choice.apiKeyEnv));
    case 'google-places-legacy':
      return googlePlacesLegacy(choice.url, key(choice.apiKeyEnv));
    case 'custom':
      return choice.upstream;
    case 'wikipedia':
      return wikipediaNearby(choice.url, `Herd/${herdVersion} (${choice.contact}) got/14`);
  }
}

function readApiKey(variable: string, kind: string, environment: Environment): Secret {
  const text = environment[variable]?.trim() ?? '';
  if (text === '') {
    throw new ConfigError([
      `the upstream ${kind} needs a key: set the environment variable ${variable} (docs/guides/upstreams.md)`,
    ]);
  }
  try {
    return new Secret(text);
  } catch (error) {
    throw new ConfigError([
      `the environment variable ${variable} is not a valid key: ${(error as RangeError).message}`,
    ]);
  }
}

function readRecording(file: string): Recording {
  try {
    return parseRecording(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError([`${file} cannot be replayed: ${code === 'ENOENT' ? 'no such file' : message}`]);
  }
}
