import type { ServerId } from '../protocol/place/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { Host } from '../runtime/host/host.js';
import type { UpstreamBinding } from '../upstreams/upstream-binding.js';
import { startSampleUpstream } from '../upstreams/sample/sample-upstream.js';
import { bucketsOf } from './bucket.js';
import { createHost, type HostOptions } from './create-host.js';
import { createUpstream } from './create-upstream.js';

/** Servers that run in this process, with what they need around them. */
export interface RunningServers {
  /** Answers the clients there are, and resolves when all servers are gone. */
  stop(): Promise<void>;
}

/**
 * Starts servers in this process, and the sample service where that is what WHATSAT asks. Resolves when all of them listen.
 *
 * @param wrapUpstream makes what is asked of what the config chooses
 * @throws ConfigError, PortError, StoreError; nothing is left running then
 */
export async function runServers(
  config: HerdConfig,
  servers: readonly ServerId[],
  hostOptions: HostOptions,
  wrapUpstream: (binding: UpstreamBinding) => UpstreamBinding = (binding) => binding,
): Promise<RunningServers> {
  const { environment, warn } = hostOptions;
  const sample =
    config.upstream.kind === 'sample'
      ? await startSampleUpstream({ onFailure: ({ message }) => warn(`the sample upstream failed: ${message}`) })
      : undefined;
  let host: Host | undefined;
  const stop = async () => {
    try {
      await host?.stopAll();
    } finally {
      await sample?.stop();
    }
  };
  try {
    const bucketOf = await bucketsOf(config);
    const binding = wrapUpstream(createUpstream(config, { sampleUrl: sample?.url, environment }));
    host = createHost(config, servers, { ...binding, bucketOf }, hostOptions);
    for (const server of servers) await host.start(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
