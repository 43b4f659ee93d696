import { setup } from 'xstate';

/**
 * The life of a client's connection.
 *
 *            ┌────── serving ───────┐  ENDED             ANSWERED            GONE
 *   start ──▶│ flowing ──FULL──▶ held ├──────▶ finishing ───────▶ ending ───────▶ closed
 *            │         ◀──EASED──    │  DRAIN
 *            └──────────────────────┘                       (GONE: from any state)
 *
 * - Reading stops in `held`, and in no other state: what a client sends is bounded by what it takes back.
 * - In `finishing` nothing more is taken in; what was asked is still answered, and only then is the wire ended.
 */
export const connectionMachine = setup({
  types: {
    events: {} as { type: 'FULL' } | { type: 'EASED' } | { type: 'ENDED' | 'DRAIN' | 'ANSWERED' | 'GONE' },
  },
  actions: {
    // The connection actor provides what these do to its wire.
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
  },
}).createMachine({
  id: 'connection',
  initial: 'serving',
  on: { GONE: '.closed' },
  states: {
    serving: {
      initial: 'flowing',
      on: { ENDED: 'finishing', DRAIN: 'finishing' },
      states: {
        flowing: { on: { FULL: 'held' } },
        held: { entry: 'pause', exit: 'resume', on: { EASED: 'flowing' } },
      },
    },
    finishing: { on: { ANSWERED: 'ending' } },
    ending: { entry: 'end' },
    closed: { type: 'final' },
  },
});
