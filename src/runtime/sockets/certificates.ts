import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type PeerCertificate, type Server, type TlsOptions } from 'node:tls';
import { ConfigError } from '../errors.js';

/** Files of PEM: a certificate with its chain, its key, and the authorities that the far end's certificate must come from. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** What the files hold, and which versions and cipher suites are spoken, in the form that TLS takes. */
export type CertificateMaterial = Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'minVersion' | 'ciphers'>;

/**
 * TLS 1.3, and of TLS 1.2 the suites with forward secrecy and authenticated encryption: those of the configuration "intermediate" of
 * Mozilla's guidelines (version 5.7), without finite-field Diffie-Hellman.
 */
const tlsDefaults = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const;

/** How long a TLS handshake may take, in milliseconds. */
export const defaultTlsHandshakeTimeoutMs = 10_000;

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
  attach(server: Server): void {
    server.setSecureContext(this.material);
    this.servers.add(server);
    server.on('close', () => this.servers.delete(server));
  }

  /**
   * Reads the files again; returns what puts them into use.
   * @throws ConfigError if they are not right
   */
  prepareReload(): () => void {
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
  constructor({
    clients,
    peers,
  }: {
    readonly clients?: CertificateFiles | undefined;
    readonly peers?: CertificateFiles | undefined;
  }) {
    this.clients = clients && new Certificates(clients);
    this.peers = peers && new Certificates(peers);
  }

  /**
   * Reads all files again.
   * @throws ConfigError; the old certificates stay in use
   */
  reload(): void {
    // All are read before any is used: what does not fit together must not come into use together.
    const activations = [this.clients?.prepareReload(), this.peers?.prepareReload()];
    for (const activate of activations) activate?.();
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
  const authority = ca === undefined ? undefined : readPem(ca);
  const material: CertificateMaterial = {
    ...tlsDefaults,
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
    ...(authority === undefined ? {} : { ca: authority }),
  };
  try {
    createSecureContext(material);
    // OpenSSL passes over authorities that it cannot read, and would then trust nobody.
    if (authority !== undefined) new X509Certificate(authority);
  } catch (error) {
    const problems = [
      ...(cert === undefined ? [] : [`${cert} and ${key ?? 'no key'} are no certificate and its key`]),
      ...(ca === undefined ? [] : [`${ca} is no authority`]),
    ];
    throw new ConfigError([`${problems.join(', or ')}: ${(error as Error).message}`]);
  }
  return material;
}

/**
 * Whether a certificate bears the name of a server: as a DNS name, letter by letter. DNS names have no case and server IDs have
 * one, so that a certificate for `blake` must not pass for `Blake`.
 */
export function certificateMatchesName(
  { subjectaltname }: { readonly subjectaltname?: string | undefined },
  name: string,
): boolean {
  // Node quotes a name that could be taken for several.
  const names = (subjectaltname ?? '').match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return names.some((entry) => entry.trim() === `DNS:${name}`);
}

/** Checks the name of who is dialled, as Node's check of the same name does; returns what is wrong. */
export function checkServerName(name: string, certificate: PeerCertificate): Error | undefined {
  if (certificateMatchesName(certificate, name)) return undefined;
  return Object.assign(new Error(`the certificate is not for ${name}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${(error as Error).message}`]);
  }
}
