import type { LoadOrder } from './order.js';
import { play } from './play.js';

/** The load generator: a process that plays the orders of its parent, one at a time, and ends when its parent does. */
process.on('message', (order) => {
  play(order as LoadOrder).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
