import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LocationFile } from '../../src/runtime/disk/location-file.js';
import { SystemClock } from '../../src/runtime/time/system-clock.js';
import { runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { strictBus } from '../support/fake-bus.js';
import { createLocation } from '../support/fake-location.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { LocationBatch } from '../../src/protocol/place/location-batch.js';

const store = 'store: { path: locations }\n';

describe('a herd that keeps its locations on disk', function () {
  this.timeout(4 * defaultTimeoutMs);

  it('has them again after all of it was killed at once', async () => {
    const file = await writeHerdFile({ topology: { Blake: ['Bryant'] } });
    await appendFile(file.path, store);
    const herd = new Herd('one command a server', file);
    await herd.start();
    const ats = await Promise.all(['Blake', 'Bryant'].map((server) => herd.report(server, `phone-of-${server}`)));
    await herd.waitForAgreement(ats);
    await eventually('both have written them', async () => {
      for (const server of herd.servers) {
        const bytes = await bytesIn(join(file.folder, 'locations', server));
        for (const at of ats) if (!bytes.includes(at)) throw new Error(`${server} has not written ${at}`);
      }
      return true;
    });
    await herd.kill(...herd.servers);
    await herd.restart('Blake');
    await herd.waitForAgreement(ats, ['Blake']);
    await herd.restart('Bryant');
    await herd.waitForAgreement(ats);
    await herd.stop();
  });

  it('sets aside what LevelDB does not survive, and is refilled by a neighbour', async () => {
    const file = await writeHerdFile({ topology: { Blake: ['Bryant'] } });
    await appendFile(file.path, store);
    const folder = join(file.folder, 'locations', 'Blake');
    await fillTable(folder);
    await flipFatalBit(folder);
    const { status, stderr } = await runCommand(['inspect', folder], { cwd: file.folder });
    expect(status, 'LevelDB ends the process over this bit').to.equal(null);
    expect(stderr).to.include('Assertion');

    const herd = new Herd('one command a server', file);
    await herd.start();
    expect(herd.command('Blake').stderr).to.match(
      /Blake is damaged \(reading it crashed with SIGABRT\); renamed it to/,
    );
    const at = await herd.report('Bryant', 'kiwi');
    await herd.waitForAgreement([at]);
    const names = await readdir(join(file.folder, 'locations'));
    expect(names.filter((name) => name.startsWith('Blake.damaged-'))).to.have.lengthOf(1);
    await herd.stop();
  });

  it('does not start a server whose folder another process has open', async () => {
    const file = await writeHerdFile({ servers: ['Blake'] });
    await appendFile(file.path, store);
    const herd = new Herd('one process', file);
    await herd.start();
    const at = await herd.report('Blake', 'kiwi');
    const other = await writeHerdFile({ servers: ['Blake'] });
    await appendFile(other.path, `store: { path: ${join(file.folder, 'locations')} }\n`);
    const { status, stderr } = await runCommand(['start'], { cwd: other.folder });
    expect(status).to.equal(2);
    expect(stderr).to.match(/cannot use .*Blake as store: .*; each server needs a folder that no other process has/);
    await herd.waitForAgreement([at]);
    await herd.stop();
  });
});

/** All bytes of a folder. */
async function bytesIn(folder: string): Promise<string> {
  const names = await readdir(folder);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return files.join('');
}

/** Keeps 300 locations in a folder, and has LevelDB make a table of them. */
async function fillTable(folder: string): Promise<void> {
  // The first run leaves a log of changes; the second finds it, and makes a table.
  for (let times = 1; times <= 2; times += 1) {
    const edges = { clock: new SystemClock(), inspect: () => Promise.resolve(undefined) };
    const { file } = await LocationFile.open(folder, { ...edges, onProblem: (text) => expect.fail(text) });
    const bus = strictBus();
    file.listen(bus, false);
    for (let index = 0; index < 300; index += 1) {
      const batch = LocationBatch.of([createLocation(`phone${index}`, 1)]);
      bus.publish({ kind: 'locations-learned', batch, from: undefined });
    }
    await file.close();
  }
}

/** Flips a bit in the table of `fillTable` that makes a key shorter than LevelDB takes for possible. */
async function flipFatalBit(folder: string): Promise<void> {
  const name = (await readdir(folder)).find((each) => each.endsWith('.ldb')) ?? expect.fail('there is no table');
  const bytes = await readFile(join(folder, name));
  const place = bytes.length - 2_298;
  bytes[place]! ^= 8;
  await writeFile(join(folder, name), bytes);
}
