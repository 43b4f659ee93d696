import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { expect } from 'chai';
import fc from 'fast-check';
import { addresses } from '../../../src/actors/addresses.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import type { PartitionState } from '../../../src/actors/bus/events.js';
import { leafOf, partitionOfLeaf } from '../../../src/protocol/place/digest.js';
import { type Location } from '../../../src/protocol/place/location.js';
import { StoreError } from '../../../src/runtime/errors.js';
import { maxDiskChanges } from '../../../src/runtime/fixed-limits.js';
import { LocationFile, type LocationFileOptions } from '../../../src/runtime/disk/location-file.js';
import { findCorruption } from '../../../src/runtime/disk/location-database.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { locations as anyLocations } from '../../support/arbitraries.js';
import { eventually } from '../../support/eventually.js';
import { strictBus } from '../../support/fake-bus.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { createLocation } from '../../support/fake-location.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';

/** Creates locations of a number of clients. */
function createLocations(count: number, seconds = 1): Location[] {
  return Array.from({ length: count }, (_, index) => createLocation(`phone${index}`, seconds));
}

const inOrder = (locations: readonly Location[]) => locations.map(({ line }) => line).sort();

describe('LocationFile', () => {
  let folder: TemporaryFolder;
  let bus: MessageBus;
  let file: LocationFile | undefined;
  let problems: string[];

  beforeEach(() => {
    folder = new TemporaryFolder();
    problems = [];
  });

  afterEach(async () => {
    await close();
    folder.remove();
  });

  const path = () => folder.pathTo('Blake');

  const options = (onProblem: (text: string) => void): LocationFileOptions => ({
    clock: new SystemClock(),
    inspect: findCorruption,
    onProblem,
  });
  const noProblems = options((text) => expect.fail(text));

  /** Opens the file as a starting server does; returns its AT lines. */
  async function open(at = path(), usesNats = false): Promise<string[]> {
    bus = strictBus();
    const opened = await LocationFile.open(
      at,
      options((text) => problems.push(text)),
    );
    file = opened.file;
    file.listen(bus, usesNats);
    return inOrder(opened.locations);
  }

  async function close(): Promise<void> {
    const closing = file;
    file = undefined;
    await closing?.close();
  }

  async function reopen(): Promise<string[]> {
    await close();
    return open();
  }

  function learn(...locations: Location[]): void {
    bus.publish({ kind: 'locations-learned', batch: LocationBatch.of(locations), from: undefined });
  }

  function forget(...locations: Location[]): void {
    for (const location of locations) bus.publish({ kind: 'location-evicted', location, reason: 'full' });
  }

  /** AT lines that a server would find after a crash now, read from a copy. */
  async function readIfKilled(): Promise<string[]> {
    const copy = folder.pathTo('copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(path(), copy, { recursive: true });
    const { file: opened, locations } = await LocationFile.open(copy, noProblems);
    await opened.close();
    return inOrder(locations);
  }

  it('creates its folder and is empty at first', async () => {
    expect(await open(folder.pathTo('not', 'there', 'yet', 'Blake').replace(/\/yet.*/, ''))).to.deep.equal([]);
    expect(problems).to.deep.equal([]);
  });

  it('contains learned locations byte for byte when it is reopened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyLocations, { selector: ({ client }) => client, maxLength: 30 }),
        async (learned) => {
          const here = folder.pathTo(`property${readdirSync(folder.path).length}`);
          await open(here);
          learn(...learned);
          await close();
          const { file: again, locations } = await LocationFile.open(here, noProblems);
          await again.close();
          expect(inOrder(locations)).to.deep.equal(inOrder(learned));
          for (const each of locations) {
            expect(each).to.deep.equal(learned.find(({ client }) => client === each.client));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('writes learned locations soon, before it is closed', async () => {
    await open();
    learn(...createLocations(10));
    await eventually('everything is on disk', async () => (await readIfKilled()).length === 10);
    learn(createLocation('phone3', 2));
    await eventually('the change is on disk', async () =>
      (await readIfKilled()).includes(createLocation('phone3', 2).line),
    );
  });

  it('writes all locations learned before close, however many and late', async () => {
    await open();
    const all = createLocations(5_500);
    learn(...all);
    expect(await reopen()).to.deep.equal(inOrder(all));
    learn(createLocation('phone1', 7));
    await close();
    learn(createLocation('phone1', 8));
    expect((await open()).filter((at) => at.includes(' phone1 '))).to.deep.equal([createLocation('phone1', 7).line]);
  });

  it('contains the newest location of each client and no evicted ones', async () => {
    await open();
    learn(...createLocations(4), ...createLocations(2, 5));
    forget(createLocation('phone3', 1));
    expect(await reopen()).to.deep.equal(inOrder([...createLocations(2, 5), createLocation('phone2', 1)]));
    forget(...createLocations(3, 5));
    learn(createLocation('phone0', 9));
    expect(await reopen()).to.deep.equal([createLocation('phone0', 9).line]);
  });

  it('writes only the last of many changes of one client', async () => {
    await open();
    for (let seconds = 1; seconds <= 20_000; seconds += 1) learn(createLocation('kiwi', seconds));
    await close();
    const bytes = readdirSync(path()).reduce((sum, name) => sum + statSync(join(path(), name)).size, 0);
    expect(bytes).to.be.below(10_000);
    expect(await open()).to.deep.equal([createLocation('kiwi', 20_000).line]);
  });

  it('on NATS contains only locations of partitions that the server holds', async () => {
    const [kept, apart] = [createLocation('kept', 1), createLocation('apart', 1)];
    const partitionOf = ({ client }: Location) => partitionOfLeaf(leafOf(client));
    const enter = (location: Location, state: PartitionState) =>
      bus.publish({ kind: 'partition', partition: partitionOf(location), state });
    await open(path(), true);
    learn(kept, apart);
    await close();
    expect(await open(path(), true), 'none is held at first').to.deep.equal([]);
    for (const state of ['filling', 'complete', 'leaving'] as const) {
      enter(kept, state);
      learn(kept, apart);
    }
    await close();
    expect(await open(path(), true)).to.deep.equal([kept.line]);
    enter(kept, 'none');
    bus.publish({ kind: 'location-evicted', location: kept, reason: 'moved' });
    learn(createLocation('kept', 2));
    await close();
    expect(await open(path(), true)).to.deep.equal([]);
  });

  it('can be closed with nothing to write', async () => {
    await open();
    await reopen();
    expect(await reopen()).to.deep.equal([]);
  });

  it('throws StoreError while another has it open', async () => {
    await open();
    const error: unknown = await LocationFile.open(path(), noProblems).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(StoreError);
    expect((error as Error).message).to.contain(path());
    expect(readdirSync(folder.path), 'it was not set aside').to.deep.equal(['Blake']);
    expect(problems).to.deep.equal([]);
  });

  it('throws StoreError if its folder cannot be created', async () => {
    writeFileSync(folder.pathTo('file'), 'not a folder');
    const error: unknown = await LocationFile.open(folder.pathTo('file', 'Blake'), noProblems).catch(
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(StoreError);
  });

  describe('on a full disk', () => {
    const database = ClassicLevel.prototype as { batch?: unknown };
    let tries: number;

    beforeEach(async () => {
      await open();
      learn(...createLocations(3));
      await reopen();
      tries = 0;
      database.batch = () => {
        tries += 1;
        return Promise.reject(new Error('IO error: No space left on device'));
      };
    });

    /** Removes the fake method; the real one is inherited. */
    const release = () => delete database.batch;

    afterEach(release);

    it('reports it once, keeps the newest location of each client, and writes it when there is space', async () => {
      learn(...createLocations(3, 2));
      await eventually('it has tried twice', () => tries >= 2);
      for (let seconds = 3; seconds <= 9; seconds += 1) learn(createLocation('phone1', seconds));
      const before = tries;
      await eventually('it has tried again', () => tries >= before + 2);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.match(/cannot write to .*Blake: .*No space left on device/);
      release();
      const expected = inOrder([createLocation('phone0', 2), createLocation('phone1', 9), createLocation('phone2', 2)]);
      await eventually('it is on disk', async () => {
        expect(await readIfKilled()).to.deep.equal(expected);
        return true;
      });
      expect(problems).to.have.lengthOf(1);
      expect(await reopen()).to.deep.equal(expected);
    });

    it('can be closed', async () => {
      learn(...createLocations(3, 2));
      await close();
      release();
      expect(await open()).to.deep.equal(inOrder(createLocations(3)));
    });
  });

  describe('that has dropped changes', () => {
    const database = ClassicLevel.prototype as { batch?: unknown; clear?: unknown };

    /** Removes the fake methods; the real ones are inherited. */
    function release(): void {
      delete database.batch;
      delete database.clear;
    }

    afterEach(release);

    /** Attaches a fake store. */
    function storeHolds(...locations: Location[]): void {
      bus.attach<StoreMessage>(addresses.store, {
        receive: (message) => {
          if (message.kind !== 'list') return;
          const { from, max, requestId, replyTo } = message;
          const next = from + max < locations.length ? from + max : undefined;
          const size = locations.length;
          bus.send(replyTo, { kind: 'listed', requestId, locations: locations.slice(from, from + max), next, size });
        },
        stop: () => undefined,
      });
    }

    it('writes the whole store again after too many queued changes', async () => {
      await open();
      learn(...createLocations(3));
      await eventually('all is written', async () => (await readIfKilled()).length === 3);
      const full = () => Promise.reject(new Error('IO error: No space left on device'));
      database.batch = full;
      database.clear = full;
      const all = createLocations(maxDiskChanges + 10, 2);
      learn(...all);
      forget(...all.slice(0, 48_000));
      await eventually('it is reported', () => problems.length > 0);
      // Not published as an event: it is written only if the whole store is.
      const stored = [...all.slice(48_000), createLocation('untold', 1)];
      storeHolds(...stored);
      release();
      learn(createLocation('phone7', 9));
      await eventually('it is on disk', async () => {
        const written = await readIfKilled();
        return written.length >= stored.length;
      });
      expect((await reopen()).filter((line) => !line.includes(' phone7 '))).to.deep.equal(inOrder(stored));
      expect(problems).to.have.lengthOf(1);
    }).timeout(20_000);

    it('reports and recreates a deleted folder and writes the whole store again', async () => {
      await open();
      const all = createLocations(2_500);
      learn(...all);
      await eventually('all is written', async () => (await readIfKilled()).length === 2_500);
      storeHolds(...all);
      rmSync(path(), { recursive: true });
      await eventually('it is on disk', async () => (await readIfKilled()).length === 2_500);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.match(/Blake was deleted; recreating it and writing all locations again$/);
      expect(await reopen()).to.deep.equal(inOrder(all));
    });
  });

  it('is accessible for owner and group only', async () => {
    await open();
    expect(statSync(path()).mode & 0o777).to.equal(0o750);
  });

  it('renames a path that is not a folder and reports it', async () => {
    writeFileSync(path(), 'what is this?');
    expect(await open()).to.deep.equal([]);
    expect(problems[0]).to.match(/Blake is damaged \(it is not a folder\); renamed it to /);
  });

  it('renames a folder that contains a folder in place of a file and reports it', async () => {
    await open();
    learn(...createLocations(3));
    await close();
    rmSync(join(path(), 'LOG'));
    mkdirSync(join(path(), 'LOG'));
    expect(await open()).to.deep.equal([]);
    expect(problems[0]).to.match(/Blake is damaged \(LOG in it is not a file\); renamed it to /);
  });

  describe('that is damaged', () => {
    const asides = () => readdirSync(folder.path).filter((name) => name.startsWith('Blake.damaged-'));

    /** Path of the file whose name matches. */
    function pathMatching(pattern: RegExp): string {
      const name = readdirSync(path()).find((each) => pattern.test(each));
      return join(path(), name ?? expect.fail(`there is no ${pattern.source}`));
    }

    beforeEach(async () => {
      await open();
      learn(...createLocations(3_000));
      await reopen();
      // Changes after the first opening are in a log, earlier ones in a table.
      learn(...createLocations(10, 2));
      await close();
    });

    const overwrite = (pattern: RegExp) =>
      writeFileSync(pathMatching(pattern), Buffer.alloc(statSync(pathMatching(pattern)).size, 0x5a));
    const damages: Record<string, () => void> = {
      'in a table, all of it': () => overwrite(/\.ldb$/),
      'in a table that is cut in half': () =>
        truncateSync(pathMatching(/\.ldb$/), statSync(pathMatching(/\.ldb$/)).size / 2),
      'in a table that is empty': () => truncateSync(pathMatching(/\.ldb$/), 0),
      'in a missing table': () => rmSync(pathMatching(/\.ldb$/)),
      'in its manifest': () => overwrite(/^MANIFEST-/),
      'in its manifest, which is empty': () => truncateSync(pathMatching(/^MANIFEST-/), 0),
      'in its missing manifest': () => rmSync(pathMatching(/^MANIFEST-/)),
      'in CURRENT': () => overwrite(/^CURRENT$/),
      'in CURRENT, which is empty': () => truncateSync(pathMatching(/^CURRENT$/), 0),
      'in the missing file CURRENT': () => rmSync(pathMatching(/^CURRENT$/)),
      'in CURRENT, which names another': () => writeFileSync(pathMatching(/^CURRENT$/), 'MANIFEST-999999\n'),
    };
    for (const [where, damage] of Object.entries(damages)) {
      it(`${where}, is reported, renamed and replaced`, async () => {
        damage();
        expect(await open()).to.deep.equal([]);
        expect(asides()).to.have.lengthOf(1);
        expect(problems).to.have.lengthOf(1);
        expect(problems[0]).to.match(
          /Blake is damaged \(.+\); renamed it to .*Blake\.damaged-.* and created an empty one$/,
        );
        learn(...createLocations(5, 3));
        expect(await reopen()).to.deep.equal(inOrder(createLocations(5, 3)));
        expect(problems).to.have.lengthOf(1);
      });
    }

    for (const [what, value] of [
      ['that nobody wrote', Buffer.from('what is this?')],
      ['that lacks its checksum', Buffer.from(`${createLocation('kiwi', 1).line} Blake`)],
    ] as const) {
      it(`by a value ${what}, is reported, renamed and replaced`, async () => {
        const database = new ClassicLevel<Buffer, Buffer>(path(), { keyEncoding: 'buffer', valueEncoding: 'buffer' });
        await database.put(Buffer.from('kiwi'), value);
        await database.close();
        expect(await open()).to.deep.equal([]);
        expect(asides()).to.have.lengthOf(1);
        expect(problems).to.have.lengthOf(1);
      });
    }

    it('can be damaged twice', async () => {
      for (let time = 1; time <= 2; time += 1) {
        writeFileSync(pathMatching(/^CURRENT$/), 'nothing');
        expect(await open()).to.deep.equal([]);
        await close();
        expect(asides()).to.have.lengthOf(time);
      }
    });

    it('at the end of its log, as after a crash, loses only the last entries', async () => {
      const log = pathMatching(/\.log$/);
      truncateSync(log, statSync(log).size - 10);
      const locations = await open();
      for (const at of inOrder(createLocations(3_000).slice(10))) expect(locations).to.include(at);
      expect(locations).to.have.lengthOf(3_000);
    });

    it('keeps all files of the renamed folder', async () => {
      rmSync(path(), { recursive: true });
      mkdirSync(path());
      writeFileSync(join(path(), 'CURRENT'), 'somebody else');
      writeFileSync(join(path(), 'notes.txt'), 'dear diary');
      await open();
      expect(readFileSync(folder.pathTo(asides()[0] ?? '', 'notes.txt'), 'utf8')).to.equal('dear diary');
    });
  });
});
