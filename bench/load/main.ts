import type { LoadJob } from './load-job.js';
import { runLoad } from './run-load.js';

/* The load generator process: runs the jobs that its parent sends, one at a time, and exits when the parent disconnects. */
process.on('message', (job) => {
  runLoad(job as LoadJob).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
