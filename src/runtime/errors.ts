/** An error of the system. The types of the package do without those of Node. */
interface SystemError extends Error {
  readonly code?: string | undefined;
}

/** A port that a server of the herd cannot listen on. */
export class PortError extends Error {
  readonly code = 'HERD_PORT';

  /**
   * @param owner the server, and what it wants the port for
   * @param place the address and port, as people write them
   */
  constructor(owner: string, place: string, cause: SystemError) {
    super(`${owner} cannot listen on ${place}: ${describeSystemError(cause)}`, { cause });
  }
}

/** A configuration that no herd can be made of. Each problem says where, what, and what would be right. */
export class ConfigError extends Error {
  readonly code = 'HERD_CONFIG';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** A folder of locations that a server cannot use. */
export class StoreError extends Error {
  readonly code = 'HERD_STORE';

  constructor(path: string, reason: string, cause: unknown) {
    super(
      `${path} cannot be used for locations: ${reason}; each server needs a folder that no other process has open`,
      {
        cause,
      },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop the program that uses it, or give the server another port',
  EACCES: 'this user may not; give the server a port of 1024 or more',
  EADDRNOTAVAIL: 'the host is not an address of this machine',
};

function describeSystemError({ code, message }: SystemError): string {
  return reasons[code ?? ''] ?? message;
}

/** Where an error was thrown, or what it says. */
export function stackOrMessage(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Why a file cannot be read, in words; `error` is what reading it threw. */
export function describeReadError(error: unknown): string {
  const { code, message } = error as SystemError;
  return code === 'ENOENT' ? 'there is no such file' : (code ?? message);
}
