import type { Context, RootHookObject } from 'mocha';
import { killCommands, runningOutputs } from './command.js';

// Commands that are started inherit it: buffers that are used after their delivery show.
process.env['HERD_DEBUG_BUFFERS'] = '1';

/** For every file of tests, in whichever process it runs. */
export const mochaHooks: RootHookObject = {
  /** Every command has ended. */
  afterAll: killCommands,
  /** What the commands printed stands in the message of a failure. */
  afterEach(this: Context) {
    const error = this.currentTest?.state === 'failed' ? this.currentTest.err : undefined;
    if (error === undefined) return;
    const { message } = error;
    error.message = [message, ...runningOutputs()].join('\n');
    // What mocha shows is the stack, which has a copy of the message.
    if (error.stack !== undefined) error.stack = error.stack.replace(message, () => error.message);
  },
};
