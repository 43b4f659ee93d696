import type { ServerId } from '../protocol/place/ids.js';
import type { HerdConfig } from '../runtime/config/herd-config.js';
import type { Host } from '../runtime/host/host.js';
import type { Asked } from '../upstreams/upstream-binding.js';
import { startSampleUpstream } from '../upstreams/sample/start.js';
import { bucketsOf } from './bucket.js';
import { hostFor, type Surroundings } from './compose.js';
import { upstreamOf } from './upstream.js';

/** Servers that run in this process, with what they need around them. */
export interface RunningServers {
  /** Answers the clients there are, and resolves when all servers are gone. */
  stop(): Promise<void>;
}

/**
 * Starts servers in this process, and the sample service where that is what WHATSAT asks. Resolves when all of them listen.
 *
 * @param wrap makes what is asked of what the config chooses
 * @throws ConfigError, PortError, StoreError; nothing is left running then
 */
export async function runServers(
  config: HerdConfig,
  servers: readonly ServerId[],
  surroundings: Surroundings,
  wrap: (asked: Asked) => Asked = (asked) => asked,
): Promise<RunningServers> {
  const { environment, warn } = surroundings;
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
    const asked = wrap(upstreamOf(config, { sampleUrl: sample?.url, environment }));
    host = hostFor(config, servers, { ...asked, bucketOf }, surroundings);
    for (const server of servers) await host.start(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
