import { setup } from 'xstate';
import type { ClientWire } from '../ports/client-wire.js';

/** What the machine acts on. It is handed in as data: a machine provided with actions anew costs five times the connection. */
export interface ConnectionInput {
  readonly wire: Pick<ClientWire, 'pause' | 'resume' | 'end'>;
}

/**
 * The life of a client's connection.
 *
 *            ┌────── serving ───────┐  ENDED             ANSWERED            GONE
 *   start ──▶│ flowing ──FULL──▶ held ├──────▶ finishing ───────▶ ending ───────▶ closed
 *            │         ◀──EASED──    │  DRAIN
 *            └──────────────────────┘                       (GONE: from any state)
 *
 * - Reading stops in `held`, and in no other state: what a client sends is bounded by what it takes back.
 * - Tags say what its actor looks at with every chunk: to match a state costs ten times as much.
 * - In `finishing` nothing more is taken in; what was asked is still answered, and only then is the wire ended. Who watches
 *   is answered as long as it does: until it is gone, or the server drains.
 */
export const connectionMachine = setup({
  types: {
    input: {} as ConnectionInput,
    context: {} as ConnectionInput,
    tags: {} as 'taking' | 'held' | 'finishing',
    events: {} as { type: 'FULL' } | { type: 'EASED' } | { type: 'ENDED' | 'DRAIN' | 'ANSWERED' | 'GONE' },
  },
  actions: {
    pause: ({ context }) => context.wire.pause(),
    resume: ({ context }) => context.wire.resume(),
    end: ({ context }) => context.wire.end(),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => input,
  initial: 'serving',
  on: { GONE: '.closed' },
  states: {
    serving: {
      initial: 'flowing',
      tags: 'taking',
      on: { ENDED: 'finishing', DRAIN: 'finishing' },
      states: {
        flowing: { on: { FULL: 'held' } },
        held: { tags: 'held', entry: 'pause', exit: 'resume', on: { EASED: 'flowing' } },
      },
    },
    finishing: { tags: 'finishing', on: { ANSWERED: 'ending' } },
    ending: { entry: 'end' },
    closed: { type: 'final' },
  },
});
