import { bucketsOf } from '../../library/bucket.js';
import { createHost } from '../../library/create-host.js';
import { createUpstream } from '../../library/create-upstream.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HostDependencies } from '../../runtime/host/hosted-server.js';
import type {
  InstrumentationRequest,
  InstrumentationReport,
} from '../../simulation/processes/instrumentation-messages.js';
import { createHostOptions } from '../shared/host-options.js';
import { configFor, selectServer } from '../shared/config-file.js';
import type { ServeOptions } from '../shared/options.js';
import { waitForStopSignal } from '../shared/signals.js';

/**
 * `herd serve`: one server of a herd, as the child of `herd start --processes`, to which it reports. It ends when it is told
 * to, or when its parent is gone. Ctrl-C reaches it as well as its parent, who decides what to do; so it is not heard here.
 */
export async function serve(name: string, options: ServeOptions): Promise<void> {
  process.on('SIGINT', () => undefined);
  const orphaned = new Promise<void>((resolve) => {
    process.on('disconnect', resolve);
    if (!process.connected) resolve();
  });
  const stop = Promise.race([waitForStopSignal(['SIGTERM']), orphaned]);
  const config = configFor(options);
  const server = selectServer(name, config);
  const observe = options.instrumented === true ? await instrument(server) : undefined;
  try {
    const binding = createUpstream(config, { sampleUrl: options.sample, environment: process.env });
    const bucketOf = await bucketsOf(config);
    const hostOptions = createHostOptions(config, [server], (message) => void report(message), {
      ...(observe && { observe }),
      exitProcess: () => process.kill(process.pid, 'SIGKILL'),
    });
    const host = createHost(config, [server], { ...binding, bucketOf }, hostOptions);
    await host.start(server);
    await stop;
    await host.stopAll();
  } catch (error) {
    await report({ kind: 'down', server, reason: (error as Error).message });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}

/** Has the parent hear of everything that happens in the server, and lets it ask. */
async function instrument(server: ServerId): Promise<HostDependencies['observe']> {
  const { InstrumentedServer: InstrumentedServer } = await import('../../simulation/processes/instrumented-server.js');
  const watch = new InstrumentedServer(server, (message) => void report(message));
  process.on('message', (question) => watch.handleRequest(question as InstrumentationRequest));
  return (_, bus) => watch.observe(bus);
}

/** Sends a report to the parent; resolves when it is sent, or cannot be. */
function report(message: InstrumentationReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
