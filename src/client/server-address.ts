/** Where a server takes clients. */
export interface ServerAddress {
  /** 127.0.0.1 unless it is given. */
  readonly host?: string | undefined;
  /** `servers.NAME.port` of herd.yaml. */
  readonly port: number;
  /** Speaks TLS with a server that has `tls.clients`. */
  readonly tls?:
    | {
        /** The certificates, in PEM, of the authority that the server's must be from; the system's if it is left out. */
        readonly ca?: string | Uint8Array | undefined;
        /** The name that the server's certificate must bear. */
        readonly servername: string;
      }
    | undefined;
}
