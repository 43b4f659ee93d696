import { bucketsOf } from '../../library/bucket.js';
import { hostFor } from '../../library/compose.js';
import { upstreamOf } from '../../library/upstream.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { HostEdges } from '../../runtime/host/hosted-server.js';
import type { WatchQuestion, WatchReport } from '../../simulation/processes/instrumentation-messages.js';
import { surroundingsOf } from '../shared/compose.js';
import { configFor, serverNamed } from '../shared/config-file.js';
import type { ServeOptions } from '../shared/options.js';
import { stopRequested } from '../shared/signals.js';

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
  const stop = Promise.race([stopRequested(['SIGTERM']), orphaned]);
  const config = configFor(options);
  const server = serverNamed(name, config);
  const observe = options.watched === true ? await watched(server) : undefined;
  try {
    const asked = upstreamOf(config, { sampleUrl: options.sample, environment: process.env });
    const bucketOf = await bucketsOf(config);
    const surroundings = surroundingsOf(config, [server], (message) => void report(message), {
      ...(observe && { observe }),
      die: () => process.kill(process.pid, 'SIGKILL'),
    });
    const host = hostFor(config, [server], { ...asked, bucketOf }, surroundings);
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
async function watched(server: ServerId): Promise<HostEdges['observe']> {
  const { WatchedServer } = await import('../../simulation/processes/instrumented-server.js');
  const watch = new WatchedServer(server, (message) => void report(message));
  process.on('message', (question) => watch.answer(question as WatchQuestion));
  return (_, bus) => watch.observe(bus);
}

/** Sends a report to the parent; resolves when it is sent, or cannot be. */
function report(message: WatchReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
