import { readFileSync } from 'node:fs';
import { credsAuthenticator } from '@nats-io/transport-node';
import { readCertificates } from '../sockets/certificates.js';
import { ConfigError } from '../errors.js';
import type { NatsSettings } from './nats-settings.js';

/**
 * Validates the credentials and TLS files at startup. Servers read them again for each connection.
 * @throws ConfigError if a file cannot be read or is invalid
 */
export function tryFilesOf({ credentials, tls }: NatsSettings): void {
  if (credentials?.kind === 'file') tryCredentials(credentials.path);
  if (tls !== undefined) readCertificates(tls);
}

function tryCredentials(file: string): void {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${(error as Error).message}`]);
  }
  try {
    // The library parses them only when it signs a nonce.
    credsAuthenticator(text)('nonce');
  } catch (error) {
    throw new ConfigError([`${file} does not contain valid NATS credentials: ${(error as Error).message}`]);
  }
}
