import type { Attack } from './attack.js';
import { httpAttacks } from './attacks/http.js';
import { idAttacks } from './attacks/ids.js';
import { lineAttacks } from './attacks/lines.js';
import { logAttacks } from './attacks/logs.js';
import { peerAttacks } from './attacks/peers.js';
import { tlsAttacks } from './attacks/tls.js';
import { watchAttacks } from './attacks/watch.js';

/** All attacks, in the order of the documentation page. */
export const attacks: readonly Attack[] = [
  ...httpAttacks,
  ...watchAttacks,
  ...lineAttacks,
  ...idAttacks,
  ...tlsAttacks,
  ...peerAttacks,
  ...logAttacks,
];
