import { ServiceThread } from './service-thread.js';

/** The sample service, running. */
export interface SampleUpstream {
  /** The base address of both its APIs: `http://127.0.0.1:PORT`, the same until `stop`. */
  readonly url: string;
  /** Ends the service at once; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface SampleUpstreamOptions {
  /** Hears each error inside the service. It goes on by itself: a thread that died is started again on the same port. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Starts an upstream that needs no network and no key: made-up posts at real places, in the form of the Twitter Search API
 * v1.0, and the places themselves, in the form of Google's legacy Nearby Search. Resolves once its port is open; the
 * first request loads its data.
 * @throws when no port of the loopback address can be opened
 */
export function startSampleUpstream(options: SampleUpstreamOptions): Promise<SampleUpstream> {
  return ServiceThread.start(new URL('./worker.js', import.meta.url), options.onFailure);
}
