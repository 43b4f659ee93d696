import type { HerdPlan } from './herd-file.js';
import { describeWithNats, NatsServer } from './nats-server.js';

/** A way for locations to get from server to server, with which tests of the real command are run. */
export interface SpreadUnderTest {
  /** As it stands in titles: empty for the one that needs no words. */
  readonly title: string;
  readonly describe: (title: string, tests: (this: Mocha.Suite) => void) => void;
  /** Starts what it needs; returns what the herd's plan says of it. */
  readonly begin: () => Promise<Pick<HerdPlan, 'nats'>>;
  readonly end: () => Promise<void>;
}

export const flooding: SpreadUnderTest = {
  title: '',
  describe: (title, tests) => describe(title, tests),
  begin: () => Promise.resolve({}),
  end: () => Promise.resolve(),
};

let nats: NatsServer | undefined;

export const onNats: SpreadUnderTest = {
  title: ', on NATS',
  describe: describeWithNats,
  begin: async () => {
    nats = await NatsServer.start();
    return { nats: nats.address };
  },
  end: async () => {
    await nats?.stop();
    nats = undefined;
  },
};
