import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type PeerCertificate, type Server, type TlsOptions } from 'node:tls';
import { ConfigError } from '../errors.js';

/** PEM files: a certificate with its chain, its key, and the CA certificates to verify the remote end with. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

/** Contents of the files, protocol versions and cipher suites, as options of `node:tls`. */
export type CertificateMaterial = Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'minVersion' | 'ciphers'>;

/**
 * TLS 1.3, and the TLS 1.2 suites with forward secrecy and authenticated encryption: configuration "intermediate" of Mozilla's
 * guidelines (version 5.7), without finite-field Diffie-Hellman.
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

/** Default timeout of a TLS handshake in milliseconds. */
export const defaultTlsHandshakeTimeoutMs = 10_000;

/** Certificates for clients or for peers. They can be reloaded at run time; existing connections keep the old ones. */
export class Certificates {
  private material: CertificateMaterial;
  private readonly servers = new Set<Server>();

  /** @throws ConfigError if a file cannot be read, or certificate and key do not match */
  constructor(private readonly files: CertificateFiles) {
    this.material = readCertificates(files);
  }

  /** Current TLS options. */
  get current(): CertificateMaterial {
    return this.material;
  }

  /** Applies the certificates, and each reload of them, to a listening server until it is closed. */
  attach(server: Server): void {
    server.setSecureContext(this.material);
    this.servers.add(server);
    server.on('close', () => this.servers.delete(server));
  }

  /**
   * Reads the files again; returns a function that activates them.
   * @throws ConfigError if they are invalid
   */
  prepareReload(): () => void {
    const material = readCertificates(this.files);
    return () => {
      this.material = material;
      for (const server of this.servers) server.setSecureContext(material);
    };
  }
}

/** Certificates of the servers of a process; undefined for plain TCP. */
export class HerdCertificates {
  readonly clients: Certificates | undefined;
  readonly peers: Certificates | undefined;

  /** @throws ConfigError if a file is invalid */
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
   * Reloads all certificates.
   * @throws ConfigError if a file is invalid; the old certificates stay in use
   */
  reload(): void {
    // All files are read before any is activated, so that an invalid one leaves everything unchanged.
    const activations = [this.clients?.prepareReload(), this.peers?.prepareReload()];
    for (const activate of activations) activate?.();
  }
}

/**
 * Reads PEM files, each optional.
 * @throws ConfigError if a file cannot be read or is invalid
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
    // OpenSSL ignores CA certificates that it cannot parse, and would then reject every peer.
    if (authority !== undefined) new X509Certificate(authority);
  } catch (error) {
    const problems = [
      ...(cert === undefined ? [] : [`${cert} and ${key ?? 'no key'} are not a matching certificate and key`]),
      ...(ca === undefined ? [] : [`${ca} is not a valid CA certificate`]),
    ];
    throw new ConfigError([`${problems.join(', or ')}: ${(error as Error).message}`]);
  }
  return material;
}

/**
 * Whether a certificate has the name of a server as a DNS name, compared case-sensitively: server IDs are case-sensitive, so a
 * certificate for `blake` must not be accepted for `Blake`.
 */
export function certificateMatchesName(
  { subjectaltname }: { readonly subjectaltname?: string | undefined },
  name: string,
): boolean {
  // Node quotes names that contain a separator.
  const names = (subjectaltname ?? '').match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return names.some((entry) => entry.trim() === `DNS:${name}`);
}

/** Verifies the certificate of a dialed server, in place of Node's `checkServerIdentity`; returns an error if it does not match. */
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
