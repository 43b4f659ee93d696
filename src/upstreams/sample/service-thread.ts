import { Worker } from 'node:worker_threads';

/** The `workerData` of a service's thread. */
export interface ServiceThreadData {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** Messages from a service's thread: its port, that it has loaded everything, the error of a request. */
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
 * Several times what the service needs. With V8's defaults the heap grows further while the service loads, and that memory is never
 * released.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };

/**
 * HTTP service on a thread of its own, so that it does not block the event loop of the servers. A thread that exits is restarted on
 * the same port, indefinitely. The thread does not keep the process alive.
 */
export class ServiceThread {
  readonly #entry: URL;
  readonly #onFailure: (error: Error) => void;
  readonly #firstStart: FirstStartCallbacks;
  /** 0 until the thread has listened for the first time. */
  #port = 0;
  #consecutiveExits = 0;
  #state: State;

  /**
   * Starts a service, and resolves once it listens.
   * @param entry module that listens on the host and port of its `ServiceThreadData`, and posts `ServiceThreadMessage`s
   * @param onFailure called with the error of a failed request, and with the reason of an exit
   * @throws Error if the thread exits before it listens
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

  /** Base URL, `http://127.0.0.1:PORT`; constant until `stop`. */
  get url(): string {
    return `http://${host}:${this.#port}`;
  }

  /** Ends the thread immediately, including requests in progress, and resolves when it has exited. */
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
    // Without the process's own options: `--input-type` or `--inspect-brk`, for example, would end or stop the thread.
    const worker = new Worker(this.#entry, { workerData, resourceLimits, execArgv: [] });
    let cause: unknown;
    worker.on('message', (message: ServiceThreadMessage) => this.#handleMessage(message, worker));
    worker.on('error', (error) => (cause = error));
    worker.on('exit', (code) => {
      this.#handleExit(
        cause instanceof Error ? cause : new Error(`the service's thread exited with code ${code}`, { cause }),
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

/** Long enough not to spin, short enough to go unnoticed. */
const baseDelayMs = 50;
const maxDelayMs = 5000;

/**
 * Delay before an exited thread is restarted, in milliseconds: doubles with each exit, up to five seconds.
 * @param consecutiveExits exits since the service was last ready, 1 or more
 */
export function restartDelayMs(consecutiveExits: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (consecutiveExits - 1));
}
