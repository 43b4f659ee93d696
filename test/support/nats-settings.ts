import type { NatsSettings } from '../../src/runtime/nats/nats-settings.js';

/** Settings for nats-servers without authentication and TLS. */
export function natsSettings(servers: readonly string[], settings: Partial<NatsSettings> = {}): NatsSettings {
  const defaults = { subjectName: 'x', replicas: Infinity, credentials: undefined, tls: undefined, heartbeatMs: 1_000 };
  return { servers, ...defaults, ...settings };
}
