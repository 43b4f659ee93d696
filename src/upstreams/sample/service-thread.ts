import { Worker } from 'node:worker_threads';

import { restartDelayMs } from './restart-delay.js';

/** What a service's thread is started with, as its `workerData`. */
export interface ServiceThreadData {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** What a service's thread tells about itself: where it listens, that it has loaded all it needs, what a request failed on. */
export type ServiceThreadMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failure'; readonly error: Error };

type State =
  | { readonly name: 'running'; readonly worker: Worker }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'stopped'; readonly ended: Promise<unknown> };

interface FirstStartCallbacks {
  readonly onListening: () => void;
  readonly onExit: (error: Error) => void;
}

const host = '127.0.0.1';

/**
 * What a small service needs several times over. With the defaults the engine takes more memory while the service loads, and
 * never gives it back.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };

/**
 * An HTTP service on a thread of its own, so that its work holds up nobody else's. A thread that dies is started again on the
 * same port, for ever. It keeps no process alive by itself.
 */
export class ServiceThread {
  readonly #entry: URL;
  readonly #onFailure: (error: Error) => void;
  readonly #firstStart: FirstStartCallbacks;
  /** 0 until the thread has listened once. */
  #port = 0;
  #consecutiveExits = 0;
  #state: State;

  /**
   * Resolves once the service listens.
   * @param entry the module that listens where its `ServiceThreadData` says, and posts `ServiceThreadMessage`s
   * @param onFailure hears what a request failed on, and what the thread died of
   * @throws what kept the thread from listening at its first start
   */
  static start(entry: URL, onFailure: (error: Error) => void): Promise<ServiceThread> {
    return new Promise((resolve, reject) => {
      const thread: ServiceThread = new ServiceThread(entry, onFailure, {
        onListening: () => resolve(thread),
        onExit: reject,
      });
    });
  }

  private constructor(entry: URL, onFailure: (error: Error) => void, firstStart: FirstStartCallbacks) {
    this.#entry = entry;
    this.#onFailure = onFailure;
    this.#firstStart = firstStart;
    this.#state = this.#run();
  }

  /** `http://127.0.0.1:PORT`, the same until `stop`. */
  get url(): string {
    return `http://${host}:${this.#port}`;
  }

  /** Ends the thread at once, requests under way included; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#state.name === 'running') {
      this.#state = { name: 'stopped', ended: this.#state.worker.terminate() };
    } else if (this.#state.name === 'waiting') {
      clearTimeout(this.#state.timer);
      this.#state = { name: 'stopped', ended: Promise.resolve() };
    }
    await this.#state.ended;
  }

  #run(): State {
    const workerData: ServiceThreadData = { host, port: this.#port };
    // Not the process's own options: `--input-type` or `--inspect-brk`, say, would end or stop the thread.
    const worker = new Worker(this.#entry, { workerData, resourceLimits, execArgv: [] });
    let cause: unknown;
    worker.on('message', (message: ServiceThreadMessage) => this.#handleMessage(message, worker));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => {
      this.#handleExit(
        cause instanceof Error ? cause : new Error(`The service's thread ended with code ${code}.`, { cause }),
      );
    });
    return { name: 'running', worker };
  }

  #handleMessage(message: ServiceThreadMessage, worker: Worker): void {
    switch (message.kind) {
      case 'listening':
        this.#port = message.port;
        worker.unref();
        this.#firstStart.onListening();
        break;
      case 'ready':
        this.#consecutiveExits = 0;
        break;
      case 'failure':
        this.#onFailure(message.error);
    }
  }

  #handleExit(error: Error): void {
    if (this.#state.name === 'stopped') return;
    if (this.#port === 0) {
      this.#state = { name: 'stopped', ended: Promise.resolve() };
      this.#firstStart.onExit(error);
      return;
    }
    this.#consecutiveExits++;
    const timer = setTimeout(() => (this.#state = this.#run()), restartDelayMs(this.#consecutiveExits));
    this.#state = { name: 'waiting', timer: timer.unref() };
    this.#onFailure(error);
  }
}
