import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** Accounts of NATS as an operator sets them up: what its servers are told, and the credentials of one user. */
export interface NatsAccount {
  /** Lines of a nats-server's configuration. */
  readonly configuration: readonly string[];
  /** What stands in the file of credentials. */
  readonly credentials: string;
}

/** Makes an operator, an account, and a user of it, as the tool `nsc` does. */
export function makeNatsAccount(): NatsAccount {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const none = { subs: -1, data: -1, payload: -1 };
  const wide = { ...none, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const operatorToken = signToken(operator, operator, 'operator', { system_account: system.getPublicKey() });
  const systemToken = signToken(operator, system, 'account', { limits: wide });
  const accountToken = signToken(operator, account, 'account', { limits: wide });
  const userToken = signToken(account, user, 'user', { ...none, pub: {}, sub: {} });
  return {
    configuration: [
      `operator: ${operatorToken}`,
      'resolver: MEMORY',
      'resolver_preload: {',
      `  ${system.getPublicKey()}: ${systemToken}`,
      `  ${account.getPublicKey()}: ${accountToken}`,
      '}',
    ],
    credentials: [
      '-----BEGIN NATS USER JWT-----',
      userToken,
      '------END NATS USER JWT------',
      '',
      '-----BEGIN USER NKEY SEED-----',
      Buffer.from(user.getSeed()).toString(),
      '------END USER NKEY SEED------',
      '',
    ].join('\n'),
  };
}

/** A JSON Web Token in the form of NATS: what an issuer says of a subject, signed with the issuer's key. */
function signToken(issuer: KeyPair, subject: KeyPair, type: string, nats: Record<string, unknown>): string {
  const head = encodeJson({ typ: 'JWT', alg: 'ed25519-nkey' });
  const body = encodeJson({
    jti: randomUUID(),
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name: type,
    sub: subject.getPublicKey(),
    nats: { ...nats, type, version: 2 },
  });
  const signature = Buffer.from(issuer.sign(Buffer.from(`${head}.${body}`))).toString('base64url');
  return `${head}.${body}.${signature}`;
}

function encodeJson(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}
