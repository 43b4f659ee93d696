import { selectServer, selectServers } from '../../library/config.js';
import { runServers } from '../../library/run-servers.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HostDependencies } from '../../runtime/host/hosted-server.js';
import type {
  InstrumentationRequest,
  InstrumentationReport,
} from '../../simulation/processes/instrumentation-messages.js';
import { configFor } from '../shared/config-file.js';
import { createHostOptions } from '../shared/host-options.js';
import type { ServeOptions } from '../shared/options.js';
import { waitForStopSignal } from '../shared/signals.js';

/**
 * `herd serve`: runs one server as a child process of `herd start --processes`, to which it reports. It ends on SIGTERM or when its
 * parent exits. It ignores SIGINT, since Ctrl-C reaches the parent as well, which then stops its children.
 */
export async function serve(name: string, options: ServeOptions): Promise<void> {
  process.on('SIGINT', () => undefined);
  const orphaned = new Promise<void>((resolve) => {
    process.on('disconnect', resolve);
    if (!process.connected) resolve();
  });
  const stop = Promise.race([waitForStopSignal(['SIGTERM']), orphaned]);
  const { config } = selectServers([name], configFor(options));
  const server = selectServer(name, config);
  const observe = options.instrumented === true ? await instrument(server) : undefined;
  try {
    const hostOptions = createHostOptions(config, [server], (message) => void report(message), {
      ...(observe && { observe }),
      exitProcess: () => process.kill(process.pid, 'SIGKILL'),
    });
    const running = await runServers(config, [server], hostOptions, { sampleUrl: options.sample });
    await stop;
    await running.stop();
  } catch (error) {
    await report({ kind: 'down', server, reason: (error as Error).message });
    process.exitCode = 2;
  }
  if (process.connected) process.disconnect();
}

/** Reports all events of the server to the parent, and answers the parent's requests. */
async function instrument(server: ServerId): Promise<HostDependencies['observe']> {
  const { InstrumentedServer } = await import('../../simulation/processes/instrumented-server.js');
  const instrumented = new InstrumentedServer(server, (message) => void report(message));
  process.on('message', (request) => instrumented.handleRequest(request as InstrumentationRequest));
  return (_, bus) => instrumented.observe(bus);
}

/** Sends a report to the parent; resolves when it is sent or cannot be. */
function report(message: InstrumentationReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
