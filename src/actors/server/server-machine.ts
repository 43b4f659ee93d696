import { assign, setup } from 'xstate';

/**
 * How long a stopping server waits for pending responses and for others to take over its partitions, in milliseconds: longer than an
 * upstream query may take.
 */
export const maxDrainMs = 6_000;

type ServerState = 'running' | 'draining' | 'stopped' | 'failed';

/** What the machine makes its server do. */
export interface ServerActions {
  sendGoodbye(): void;
  drainClients(): void;
  stopActors(): void;
  publishState(state: ServerState, reason: string): void;
}

/**
 * Life cycle of a server.
 *
 *   idle ──START──▶ running ──DRAIN──▶ draining ──DRAINED, or after drainTimeout──▶ stopped
 *                      │                  │
 *                      └───────FAIL───────┴──▶ failed
 *
 * - In `draining` the server still replicates, and has announced to its neighbours that it stops. Clients receive pending responses, and
 *   are then disconnected.
 * - On entry of `stopped` and `failed` every actor is stopped. Both are final: a host creates a new server.
 */
export const serverMachine = setup({
  types: {
    input: {} as ServerActions,
    context: {} as { readonly actions: ServerActions; readonly reason: string },
    events: {} as { type: 'START' } | { type: 'DRAIN' } | { type: 'DRAINED' } | { type: 'FAIL'; reason: string },
  },
  actions: {
    sendGoodbye: ({ context }) => context.actions.sendGoodbye(),
    drainClients: ({ context }) => context.actions.drainClients(),
    stopActors: ({ context }) => context.actions.stopActors(),
    publishState: ({ context }, { state }: { state: ServerState }) =>
      context.actions.publishState(state, context.reason),
  },
  delays: {
    drainTimeout: maxDrainMs,
  },
}).createMachine({
  id: 'server',
  context: ({ input }) => ({ actions: input, reason: '' }),
  initial: 'idle',
  on: { FAIL: { target: '.failed', actions: assign({ reason: ({ event }) => event.reason }) } },
  states: {
    idle: { on: { START: 'running', DRAIN: 'stopped' } },
    running: {
      entry: { type: 'publishState', params: { state: 'running' } },
      on: { DRAIN: 'draining' },
    },
    draining: {
      entry: [{ type: 'publishState', params: { state: 'draining' } }, 'sendGoodbye', 'drainClients'],
      on: { DRAINED: 'stopped' },
      after: { drainTimeout: 'stopped' },
    },
    stopped: {
      entry: ['stopActors', { type: 'publishState', params: { state: 'stopped' } }],
      type: 'final',
    },
    failed: {
      entry: ['stopActors', { type: 'publishState', params: { state: 'failed' } }],
      type: 'final',
    },
  },
});
