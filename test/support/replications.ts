import type { HerdPlan } from './herd-file.js';
import { describeWithNats, NatsServer } from './nats-server.js';

/** A way for locations to get from server to server, with which tests of the real command are run. */
export interface ReplicationUnderTest {
  /** As it stands in titles: empty for the one that needs no words. */
  readonly title: string;
  readonly describe: (title: string, tests: (this: Mocha.Suite) => void) => void;
  /** Starts what it needs; returns what the herd's plan says of it. */
  readonly start: () => Promise<Pick<HerdPlan, 'natsServer'>>;
  readonly stop: () => Promise<void>;
}

export const floodReplication: ReplicationUnderTest = {
  title: '',
  describe: (title, tests) => describe(title, tests),
  start: () => Promise.resolve({}),
  stop: () => Promise.resolve(),
};

let nats: NatsServer | undefined;

export const natsReplication: ReplicationUnderTest = {
  title: ', on NATS',
  describe: describeWithNats,
  start: async () => {
    nats = await NatsServer.start();
    return { natsServer: nats.address };
  },
  stop: async () => {
    await nats?.stop();
    nats = undefined;
  },
};
