import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type Server, type TlsOptions } from 'node:tls';
import type { HerdConfig } from './config/herd-config.js';
import { ConfigError } from './errors.js';

/** Files of PEM: a certificate with its chain, its key, and the authorities that the far end's certificate must come from. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** What the files hold, in the form that TLS takes. */
export type CertificateMaterial = Pick<TlsOptions, 'cert' | 'key' | 'ca'>;

/** How long a TLS handshake may take, in milliseconds. */
export const tlsHandshakeWithinMs = 10_000;

/** The certificates of one side of a server. They can be read anew while it runs; connections there are keep the old ones. */
export class Certificates {
  private material: CertificateMaterial;
  private readonly servers = new Set<Server>();

  /** @throws ConfigError naming the file that cannot be read, or saying that the certificate and the key do not fit */
  constructor(private readonly files: CertificateFiles) {
    this.material = readCertificates(files);
  }

  /** What to connect or listen with now. */
  get current(): CertificateMaterial {
    return this.material;
  }

  /** Keeps a listening server up to date until it is closed. */
  keep(server: Server): void {
    server.setSecureContext(this.material);
    this.servers.add(server);
    server.on('close', () => this.servers.delete(server));
  }

  /**
   * Reads the files again; returns what puts them into use.
   * @throws ConfigError if they are not right
   */
  readAnew(): () => void {
    const material = readCertificates(this.files);
    return () => {
      this.material = material;
      for (const server of this.servers) server.setSecureContext(material);
    };
  }
}

/** The certificates that the servers of a process use; each undefined for plain TCP. */
export class HerdCertificates {
  readonly clients: Certificates | undefined;
  readonly peers: Certificates | undefined;

  /** @throws ConfigError */
  constructor({ clients, peers }: HerdConfig['tls']) {
    this.clients = clients && new Certificates(clients);
    this.peers = peers && new Certificates(peers);
  }

  /**
   * Reads all files again.
   * @throws ConfigError; the old certificates stay in use
   */
  reload(): void {
    // All are read before any is used: what does not fit together must not come into use together.
    const uses = [this.clients?.readAnew(), this.peers?.readAnew()];
    for (const use of uses) use?.();
  }
}

/**
 * Reads files, of which each may be left out.
 * @throws ConfigError naming the file that cannot be read, or those that are not what they should be
 */
export function readCertificates({
  cert,
  key,
  ca,
}: Partial<Record<keyof CertificateFiles, string | undefined>>): CertificateMaterial {
  const material = {
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
    ...(ca === undefined ? {} : { ca: readPem(ca) }),
  };
  try {
    createSecureContext(material);
    // OpenSSL passes over authorities that it cannot read, and would then trust nobody.
    if (material.ca !== undefined) new X509Certificate(material.ca);
  } catch (error) {
    const doubts = [
      ...(cert === undefined ? [] : [`${cert} and ${key ?? 'no key'} are no certificate and its key`]),
      ...(ca === undefined ? [] : [`${ca} is no authority`]),
    ];
    throw new ConfigError([`${doubts.join(', or ')}: ${(error as Error).message}`]);
  }
  return material;
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${(error as Error).message}`]);
  }
}
