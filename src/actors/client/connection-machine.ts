import { setup } from 'xstate';
import type { ClientChannel } from '../ports/client-channel.js';

/** What the machine acts on. It is handed in as data: a machine provided with actions anew costs five times the connection. */
export interface ConnectionInput {
  readonly channel: Pick<ClientChannel, 'pause' | 'resume' | 'end'>;
}

/**
 * The life of a client's connection.
 *
 *            ┌───────── serving ──────────┐ ENDED         COMPLETED        CLOSE
 *   start ──▶│ flowing ──PAUSE──▶ paused  ├──────▶ draining ──────▶ closing ──────▶ closed
 *            │         ◀──RESUME──        │ DRAIN
 *            └────────────────────────────┘                 (CLOSE: from any state)
 *
 * - Reading stops in `paused`, and in no other state: what a client sends is bounded by what it takes back.
 * - Tags say what its actor looks at with every chunk: to match a state costs ten times as much.
 * - In `draining` nothing more is taken in; what was asked is still answered, and only then is the wire ended. Who watches
 *   is answered as long as it does: until it is gone, or the server drains.
 */
export const connectionMachine = setup({
  types: {
    input: {} as ConnectionInput,
    context: {} as ConnectionInput,
    tags: {} as 'accepting' | 'paused' | 'draining',
    events: {} as { type: 'PAUSE' } | { type: 'RESUME' } | { type: 'ENDED' | 'DRAIN' | 'COMPLETED' | 'CLOSE' },
  },
  actions: {
    pause: ({ context }) => context.channel.pause(),
    resume: ({ context }) => context.channel.resume(),
    end: ({ context }) => context.channel.end(),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => input,
  initial: 'serving',
  on: { CLOSE: '.closed' },
  states: {
    serving: {
      initial: 'flowing',
      tags: 'accepting',
      on: { ENDED: 'draining', DRAIN: 'draining' },
      states: {
        flowing: { on: { PAUSE: 'paused' } },
        paused: { tags: 'paused', entry: 'pause', exit: 'resume', on: { RESUME: 'flowing' } },
      },
    },
    draining: { tags: 'draining', on: { COMPLETED: 'closing' } },
    closing: { entry: 'end' },
    closed: { type: 'final' },
  },
});
