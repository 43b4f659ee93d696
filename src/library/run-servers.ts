import type { ServerId } from '../protocol/place/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { Host } from '../runtime/host/host.js';
import type { UpstreamBinding } from '../upstreams/upstream-binding.js';
import { createPubSubs } from './config.js';
import { createHost, type HostOptions } from './create-host.js';
import { createUpstream } from './create-upstream.js';
import { startSampleIfUsed } from './sample.js';

/** Servers running in this process, with the services that they use. */
export interface RunningServers {
  /** Answers pending commands, and resolves when all servers have stopped. */
  stop(): Promise<void>;
}

/** Options of `runServers`. */
export interface RunOptions {
  /** Base URL of a sample service that runs already; otherwise one is started if the config uses it. */
  readonly sampleUrl?: string | undefined;
  /** Decorates the upstream that the config selects. */
  readonly wrapUpstream?: ((binding: UpstreamBinding) => UpstreamBinding) | undefined;
}

/**
 * Starts servers in this process. Resolves when all of them listen.
 * @throws ConfigError, PortError or StoreError; no server is left running
 */
export async function runServers(
  config: HerdConfig,
  servers: readonly ServerId[],
  hostOptions: HostOptions,
  { sampleUrl, wrapUpstream = (binding) => binding }: RunOptions = {},
): Promise<RunningServers> {
  const { environment, warn } = hostOptions;
  const sample = sampleUrl === undefined ? await startSampleIfUsed(config, warn) : undefined;
  let host: Host | undefined;
  const stop = async () => {
    try {
      await host?.stopAll();
    } finally {
      await sample?.stop();
    }
  };
  try {
    const pubSubOf = await createPubSubs(config);
    const binding = wrapUpstream(createUpstream(config, { sampleUrl: sampleUrl ?? sample?.url, environment }));
    host = createHost(config, servers, { ...binding, pubSubOf }, hostOptions);
    for (const server of servers) await host.start(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
