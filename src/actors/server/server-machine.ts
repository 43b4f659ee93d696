import { assign, setup } from 'xstate';

/** How long a server that stops lets clients wait for their answers, in milliseconds: longer than an upstream may take to answer. */
export const drainMaxMs = 6_000;

/**
 * The life of a server.
 *
 *   idle ──START──▶ running ──DRAIN──▶ draining ──CLIENTS_GONE, or after drainWithin──▶ stopped
 *                      │                  │
 *                      └───────FAIL───────┴──▶ failed
 *
 * - In `draining` the herd is still heard and told, and knows that it is; clients get the answers they wait for, and are then
 *   sent away.
 * - On the way into `stopped` and `failed` every actor is stopped. Neither is left: a host starts a server anew.
 */
export const serverMachine = setup({
  types: {
    context: {} as { reason: string },
    events: {} as { type: 'START' } | { type: 'DRAIN' } | { type: 'CLIENTS_GONE' } | { type: 'FAIL'; reason: string },
  },
  actions: {
    // The server provides these.
    sayGoodbye: () => undefined,
    drainClients: () => undefined,
    stopActors: () => undefined,
    tell: (_, _params: { state: 'running' | 'draining' | 'stopped' | 'failed' }) => undefined,
  },
  delays: {
    drainWithin: drainMaxMs,
  },
}).createMachine({
  id: 'server',
  context: { reason: '' },
  initial: 'idle',
  on: { FAIL: { target: '.failed', actions: assign({ reason: ({ event }) => event.reason }) } },
  states: {
    idle: { on: { START: 'running', DRAIN: 'stopped' } },
    running: {
      entry: { type: 'tell', params: { state: 'running' } },
      on: { DRAIN: 'draining' },
    },
    draining: {
      entry: [{ type: 'tell', params: { state: 'draining' } }, 'sayGoodbye', 'drainClients'],
      on: { CLIENTS_GONE: 'stopped' },
      after: { drainWithin: 'stopped' },
    },
    stopped: {
      entry: ['stopActors', { type: 'tell', params: { state: 'stopped' } }],
      type: 'final',
    },
    failed: {
      entry: ['stopActors', { type: 'tell', params: { state: 'failed' } }],
      type: 'final',
    },
  },
});
