import { writeFileSync } from 'node:fs';
import { generate } from 'selfsigned';
import type { CertificateFiles } from '../../src/runtime/sockets/certificates.js';
import type { TemporaryFolder } from './temporary-folder.js';

/** An authority that makes certificates for one test, and the folder in which their files are. */
export class Authority {
  /** The file of the authority's own certificate. */
  readonly ca: string;

  private constructor(
    private readonly folder: TemporaryFolder,
    private readonly name: string,
    private readonly pem: { readonly key: string; readonly cert: string },
  ) {
    this.ca = folder.pathTo(`${name}.pem`);
    writeFileSync(this.ca, pem.cert);
  }

  static async create(folder: TemporaryFolder, name: string): Promise<Authority> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new Authority(folder, name, { key, cert });
  }

  /** Makes a certificate for a server, in files named after it and the authority; those that are there are written over. */
  async certify(server: string): Promise<Required<CertificateFiles> & { readonly ca: string }> {
    const { private: privateKey, cert: certificate } = await generate([{ name: 'commonName', value: server }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: this.pem,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: server }] },
      ],
    });
    const cert = this.folder.pathTo(`${server}-of-${this.name}.pem`);
    const key = this.folder.pathTo(`${server}-of-${this.name}-key.pem`);
    writeFileSync(cert, certificate);
    writeFileSync(key, privateKey);
    return { cert, key, ca: this.ca };
  }
}
