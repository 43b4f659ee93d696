import { expect } from 'chai';
import type { Client } from '../support/client.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd } from '../support/herd.js';

const reports = 200;

/** The ends of the ways from Blake: when they know, those between know. Asking costs, and asking all of them costs more. */
const ends = ['Gasol', 'Howard', 'Metta'];

// Nothing is asserted of these times, which are the machine's as much as ours: they stand in the titles, for people.
for (const mode of ['one process', 'processes'] as const) {
  describe(`a report at Blake, ${mode}`, function () {
    this.timeout(3 * defaultTimeoutMs);

    it('is known to all five servers', async function () {
      const herd = await startHerd({ mode });
      const reporter = await herd.connect('Blake');
      const askers = await Promise.all(ends.map((server) => herd.connect(server)));
      await herd.waitForAgreement([await herd.report('Blake', 'warm')]);

      const delaysMs: number[] = [];
      for (let index = 0; index < reports; index += 1) {
        const sentAtMs = performance.now();
        reporter.send(`IAMAT phone-${index} +34.068930-118.445127 ${index}\n`);
        const knownAtMs = await Promise.all(askers.map((asker) => known(asker, `phone-${index}`)));
        delaysMs.push(Math.max(...knownAtMs) - sentAtMs);
        await reporter.line();
      }
      const roundTripMs = median(await roundTripsMs(reporter));
      expect(delaysMs).to.have.lengthOf(reports);
      const told = `${median(delaysMs).toFixed(2)} ms after it was sent, give or take a round trip of ${roundTripMs.toFixed(2)} ms`;
      if (this.test !== undefined) this.test.title += ` ${told} (median of ${reports})`;
      await herd.stop();
    });
  });
}

/** Asks until the server knows the client; returns when the question was sent that it could answer, in milliseconds. */
async function known(asker: Client, client: string): Promise<number> {
  for (;;) {
    const askedAtMs = performance.now();
    const answer = await asker.request(`WHATSAT ${client} 0 0`);
    if (answer.startsWith('? ')) continue;
    await asker.line();
    return askedAtMs;
  }
}

async function roundTripsMs(client: Client): Promise<number[]> {
  const tripsMs: number[] = [];
  for (let trip = 0; trip < reports; trip += 1) {
    const sentAtMs = performance.now();
    await client.request('x');
    tripsMs.push(performance.now() - sentAtMs);
  }
  return tripsMs;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}
