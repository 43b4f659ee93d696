import { ServiceThread } from './service-thread.js';

/** Running sample service. */
export interface SampleUpstream {
  /** Base URL of both its APIs: `http://127.0.0.1:PORT`; constant until `stop`. */
  readonly url: string;
  /** Ends the service immediately, and resolves when its thread has exited. */
  stop(): Promise<void>;
}

export interface SampleUpstreamOptions {
  /** Called with each error inside the service. A thread that exits is restarted on the same port. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Starts an upstream that needs no network and no key: fictional posts at real places in the format of the Twitter Search API
 * v1.0, and the places themselves in the format of Google's legacy Nearby Search. Resolves once its port is open; the first
 * request loads its data.
 * @throws Error if no port of the loopback address can be opened
 */
export function startSampleUpstream(options: SampleUpstreamOptions): Promise<SampleUpstream> {
  return ServiceThread.start(new URL('./worker.js', import.meta.url), options.onFailure);
}
