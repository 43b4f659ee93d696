// Apart from connect.ts: the types of the package must not need those of Node.

/** Address at which a server accepts clients. */
export interface ServerAddress {
  /** Host name or IP address; default 127.0.0.1. */
  readonly host?: string | undefined;
  /** `servers.NAME.port` of herd.yaml. */
  readonly port: number;
  /** TLS settings, for a herd with `tls.clients`. */
  readonly tls?:
    | {
        /** CA certificates in PEM that the server's certificate is checked against; default those of the system. */
        readonly ca?: string | Uint8Array | undefined;
        /** Name that the server's certificate must be issued for: the name of the server in herd.yaml. */
        readonly servername: string;
      }
    | undefined;
}
