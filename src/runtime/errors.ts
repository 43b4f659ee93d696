/** Error of the operating system. Declared here because the package's types do not depend on those of Node. */
interface SystemError extends Error {
  readonly code?: string | undefined;
}

/** A server cannot listen on a port. */
export class PortError extends Error {
  readonly code = 'HERD_PORT';

  /**
   * @param owner the server and the purpose of the port: `Blake (clients)`
   * @param address the address and port: `127.0.0.1:12000`
   */
  constructor(owner: string, address: string, cause: SystemError) {
    super(`${owner} cannot listen on ${address}: ${describeSystemError(cause)}`, { cause });
  }
}

/** The configuration is invalid. Each problem states its place, what is wrong, and what is allowed. */
export class ConfigError extends Error {
  readonly code = 'HERD_CONFIG';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** A server cannot use its store folder. */
export class StoreError extends Error {
  readonly code = 'HERD_STORE';

  constructor(path: string, reason: string, cause: unknown) {
    super(`cannot use ${path} as store: ${reason}; each server needs a folder that no other process has open`, {
      cause,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop the program that uses it, or give the server another port',
  EACCES: 'permission denied; give the server a port of 1024 or more',
  EADDRNOTAVAIL: 'the host is not an address of this machine',
};

function describeSystemError({ code, message }: SystemError): string {
  return reasons[code ?? ''] ?? message;
}

/** Stack of an error, or its text if it has none. */
export function stackOrMessage(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Describes why a file cannot be read; `error` is what reading it threw. */
export function describeReadError(error: unknown): string {
  const { code, message } = error as SystemError;
  return code === 'ENOENT' ? 'there is no such file' : (code ?? message);
}
