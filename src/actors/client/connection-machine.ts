import { setup } from 'xstate';
import type { ClientChannel } from '../ports/client-channel.js';

/** Input of the machine. Passed as data: providing actions per machine would take five times as long as the rest of a connection. */
export interface ConnectionInput {
  readonly channel: Pick<ClientChannel, 'pause' | 'resume' | 'end'>;
}

/**
 * Life cycle of a client connection.
 *
 *            ┌───────── serving ──────────┐ ENDED         COMPLETED        CLOSE
 *   start ──▶│ flowing ──PAUSE──▶ paused  ├──────▶ draining ──────▶ closing ──────▶ closed
 *            │         ◀──RESUME──        │ DRAIN
 *            └────────────────────────────┘                 (CLOSE: from any state)
 *
 * - Reading stops in `paused`, and in no other state: a client can only send as fast as it reads the responses.
 * - The actor reads tags with every chunk: matching a state takes ten times as long.
 * - In `draining` no more input is accepted. The channel is ended when all pending commands have their responses. A connection with
 *   subscriptions stays in `draining` until it closes, or the server drains.
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
