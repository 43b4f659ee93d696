import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { expect } from 'chai';
import fc from 'fast-check';
import { addresses } from '../../../src/actors/addresses.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import { type Location } from '../../../src/protocol/place/location.js';
import { StoreError } from '../../../src/runtime/errors.js';
import { maxDiskChanges } from '../../../src/runtime/host/memory-bound.js';
import { LocationFile, type LocationFileOptions } from '../../../src/runtime/disk/location-file.js';
import { findCorruption } from '../../../src/runtime/disk/location-database.js';
import { SystemClock } from '../../../src/runtime/time/system-clock.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { locations as anyLocations } from '../../support/arbitraries.js';
import { eventually } from '../../support/eventually.js';
import { strictBus } from '../../support/fake-bus.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import { createLocation } from '../../support/fake-location.js';

/** Locations of so many clients. */
function many(count: number, seconds = 1): Location[] {
  return Array.from({ length: count }, (_, index) => createLocation(`phone${index}`, seconds));
}

const inOrder = (locations: readonly Location[]) => locations.map(({ line }) => line).sort();

describe('LocationFile', () => {
  let folder: TemporaryFolder;
  let bus: MessageBus;
  let file: LocationFile | undefined;
  let troubles: string[];

  beforeEach(() => {
    folder = new TemporaryFolder();
    troubles = [];
  });

  afterEach(async () => {
    await close();
    folder.remove();
  });

  const path = () => folder.pathTo('Blake');

  const edges = (onProblem: (text: string) => void): LocationFileOptions => ({
    clock: new SystemClock(),
    inspect: findCorruption,
    onProblem,
  });
  const noTrouble = edges((text) => expect.fail(text));

  /** Opens the file, for a server that begins anew; returns what it holds, as AT lines. */
  async function open(at = path()): Promise<string[]> {
    bus = strictBus();
    const opened = await LocationFile.open(
      at,
      edges((text) => troubles.push(text)),
    );
    file = opened.file;
    file.listen(bus);
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
    bus.publish({ kind: 'locations-learned', locations, from: undefined });
  }

  function forget(...locations: Location[]): void {
    for (const location of locations) bus.publish({ kind: 'location-evicted', location });
  }

  /** What a server would find that starts now, if this one were killed: read from a copy. */
  async function readIfKilled(): Promise<string[]> {
    const copy = folder.pathTo('copy');
    rmSync(copy, { recursive: true, force: true });
    cpSync(path(), copy, { recursive: true });
    const { file: opened, locations } = await LocationFile.open(copy, noTrouble);
    await opened.close();
    return inOrder(locations);
  }

  it('holds nothing at first, and makes its folder', async () => {
    expect(await open(folder.pathTo('not', 'there', 'yet', 'Blake').replace(/\/yet.*/, ''))).to.deep.equal([]);
    expect(troubles).to.deep.equal([]);
  });

  it('holds what was learned when it is opened again, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyLocations, { selector: ({ client }) => client, maxLength: 30 }),
        async (learned) => {
          const here = folder.pathTo(`property${readdirSync(folder.path).length}`);
          await open(here);
          learn(...learned);
          await close();
          const { file: again, locations } = await LocationFile.open(here, noTrouble);
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

  it('holds what was learned before it is closed, soon', async () => {
    await open();
    learn(...many(10));
    await eventually('everything is on disk', async () => (await readIfKilled()).length === 10);
    learn(createLocation('phone3', 2));
    await eventually('the change is on disk', async () =>
      (await readIfKilled()).includes(createLocation('phone3', 2).line),
    );
  });

  it('holds everything that was learned before it was closed, however much and however late', async () => {
    await open();
    const all = many(5_500);
    learn(...all);
    expect(await reopen()).to.deep.equal(inOrder(all));
    learn(createLocation('phone1', 7));
    await close();
    learn(createLocation('phone1', 8));
    expect((await open()).filter((at) => at.includes(' phone1 '))).to.deep.equal([createLocation('phone1', 7).line]);
  });

  it('holds the newest of each client, and not what was forgotten', async () => {
    await open();
    learn(...many(4), ...many(2, 5));
    forget(createLocation('phone3', 1));
    expect(await reopen()).to.deep.equal(inOrder([...many(2, 5), createLocation('phone2', 1)]));
    forget(...many(3, 5));
    learn(createLocation('phone0', 9));
    expect(await reopen()).to.deep.equal([createLocation('phone0', 9).line]);
  });

  it('writes of many changes of one client the last alone', async () => {
    await open();
    for (let seconds = 1; seconds <= 20_000; seconds += 1) learn(createLocation('kiwi', seconds));
    await close();
    const bytes = readdirSync(path()).reduce((sum, name) => sum + statSync(join(path(), name)).size, 0);
    expect(bytes).to.be.below(10_000);
    expect(await open()).to.deep.equal([createLocation('kiwi', 20_000).line]);
  });

  it('may be closed twice as it was opened: with nothing to write', async () => {
    await open();
    await reopen();
    expect(await reopen()).to.deep.equal([]);
  });

  it('cannot be opened while another has it open, and says so', async () => {
    await open();
    const error: unknown = await LocationFile.open(path(), noTrouble).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(StoreError);
    expect((error as Error).message).to.contain(path());
    expect(readdirSync(folder.path), 'it was not set aside').to.deep.equal(['Blake']);
    expect(troubles).to.deep.equal([]);
  });

  it('cannot be opened where its folder cannot be made, and says so', async () => {
    writeFileSync(folder.pathTo('file'), 'not a folder');
    const error: unknown = await LocationFile.open(folder.pathTo('file', 'Blake'), noTrouble).catch(
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(StoreError);
  });

  describe('on a disk that is full', () => {
    const database = ClassicLevel.prototype as { batch?: unknown };
    let tries: number;

    beforeEach(async () => {
      await open();
      learn(...many(3));
      await reopen();
      tries = 0;
      database.batch = () => {
        tries += 1;
        return Promise.reject(new Error('IO error: No space left on device'));
      };
    });

    /** Takes the fake away: what is behind it is inherited. */
    const release = () => delete database.batch;

    afterEach(release);

    it('says so once, keeps the newest of each client, and writes it when there is room', async () => {
      learn(...many(3, 2));
      await eventually('it has tried twice', () => tries >= 2);
      for (let seconds = 3; seconds <= 9; seconds += 1) learn(createLocation('phone1', seconds));
      const before = tries;
      await eventually('it has tried again', () => tries >= before + 2);
      expect(troubles).to.have.lengthOf(1);
      expect(troubles[0]).to.match(/Blake cannot be written: .*No space left on device/);
      release();
      const expected = inOrder([createLocation('phone0', 2), createLocation('phone1', 9), createLocation('phone2', 2)]);
      await eventually('it is on disk', async () => {
        expect(await readIfKilled()).to.deep.equal(expected);
        return true;
      });
      expect(troubles).to.have.lengthOf(1);
      expect(await reopen()).to.deep.equal(expected);
    });

    it('can be closed all the same', async () => {
      learn(...many(3, 2));
      await close();
      release();
      expect(await open()).to.deep.equal(inOrder(many(3)));
    });
  });

  describe('that has lost changes', () => {
    const database = ClassicLevel.prototype as { batch?: unknown; clear?: unknown };

    /** Takes the fakes away: what is behind them is inherited. */
    function release(): void {
      delete database.batch;
      delete database.clear;
    }

    afterEach(release);

    /** Plays the store of the server. */
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

    it('because more waited than may, writes all again that the store holds, when the disk takes it', async () => {
      await open();
      learn(...many(3));
      await eventually('all is written', async () => (await readIfKilled()).length === 3);
      const full = () => Promise.reject(new Error('IO error: No space left on device'));
      database.batch = full;
      database.clear = full;
      const all = many(maxDiskChanges + 10, 2);
      learn(...all);
      forget(...all.slice(0, 48_000));
      await eventually('it is said', () => troubles.length > 0);
      // One that nobody told of: only who asks for all has it.
      const held = [...all.slice(48_000), createLocation('untold', 1)];
      storeHolds(...held);
      release();
      learn(createLocation('phone7', 9));
      await eventually('it is on disk', async () => {
        const written = await readIfKilled();
        return written.length >= held.length;
      });
      expect((await reopen()).filter((line) => !line.includes(' phone7 '))).to.deep.equal(inOrder(held));
      expect(troubles).to.have.lengthOf(1);
    }).timeout(20_000);

    it('because its folder was deleted, says so, makes it anew, and writes all again that the store holds', async () => {
      await open();
      const all = many(2_500);
      learn(...all);
      await eventually('all is written', async () => (await readIfKilled()).length === 2_500);
      storeHolds(...all);
      rmSync(path(), { recursive: true });
      await eventually('it is on disk', async () => (await readIfKilled()).length === 2_500);
      expect(troubles).to.have.lengthOf(1);
      expect(troubles[0]).to.match(/Blake is gone; it is made anew, and all locations are written into it again$/);
      expect(await reopen()).to.deep.equal(inOrder(all));
    });
  });

  it('is for its owner and their group alone', async () => {
    await open();
    expect(statSync(path()).mode & 0o777).to.equal(0o750);
  });

  it('that is no folder is set aside, with a sentence', async () => {
    writeFileSync(path(), 'what is this?');
    expect(await open()).to.deep.equal([]);
    expect(troubles[0]).to.match(/Blake is damaged \(it is not a folder\); it is set aside as /);
  });

  it('one of whose files is a folder is set aside, with a sentence', async () => {
    await open();
    learn(...many(3));
    await close();
    rmSync(join(path(), 'LOG'));
    mkdirSync(join(path(), 'LOG'));
    expect(await open()).to.deep.equal([]);
    expect(troubles[0]).to.match(/Blake is damaged \(LOG in it is not a file\); it is set aside as /);
  });

  describe('that is damaged', () => {
    const asides = () => readdirSync(folder.path).filter((name) => name.startsWith('Blake.damaged-'));

    /** The file whose name matches. */
    function named(pattern: RegExp): string {
      const name = readdirSync(path()).find((each) => pattern.test(each));
      return join(path(), name ?? expect.fail(`there is no ${pattern.source}`));
    }

    beforeEach(async () => {
      await open();
      learn(...many(3_000));
      await reopen();
      // What is written after the first opening stands in a log; the rest in a table.
      learn(...many(10, 2));
      await close();
    });

    const ruin = (pattern: RegExp) => writeFileSync(named(pattern), Buffer.alloc(statSync(named(pattern)).size, 0x5a));
    const damages: Record<string, () => void> = {
      'in a table, all of it': () => ruin(/\.ldb$/),
      'in a table that is cut in half': () => truncateSync(named(/\.ldb$/), statSync(named(/\.ldb$/)).size / 2),
      'in a table that is empty': () => truncateSync(named(/\.ldb$/), 0),
      'in a table that is gone': () => rmSync(named(/\.ldb$/)),
      'in its manifest': () => ruin(/^MANIFEST-/),
      'in its manifest, which is empty': () => truncateSync(named(/^MANIFEST-/), 0),
      'in its manifest, which is gone': () => rmSync(named(/^MANIFEST-/)),
      'in CURRENT': () => ruin(/^CURRENT$/),
      'in CURRENT, which is empty': () => truncateSync(named(/^CURRENT$/), 0),
      'in CURRENT, which is gone': () => rmSync(named(/^CURRENT$/)),
      'in CURRENT, which names another': () => writeFileSync(named(/^CURRENT$/), 'MANIFEST-999999\n'),
    };
    for (const [where, damage] of Object.entries(damages)) {
      it(`${where}, is reported, set aside, and begun anew`, async () => {
        damage();
        expect(await open()).to.deep.equal([]);
        expect(asides()).to.have.lengthOf(1);
        expect(troubles).to.have.lengthOf(1);
        expect(troubles[0]).to.match(
          /Blake is damaged \(.+\); it is set aside as .*Blake\.damaged-.*, and begun anew$/,
        );
        learn(...many(5, 3));
        expect(await reopen()).to.deep.equal(inOrder(many(5, 3)));
        expect(troubles).to.have.lengthOf(1);
      });
    }

    for (const [what, value] of [
      ['that nobody wrote', Buffer.from('what is this?')],
      ['that lacks its checksum', Buffer.from(`${createLocation('kiwi', 1).line} Blake`)],
    ] as const) {
      it(`by a value ${what}, is reported, set aside, and begun anew`, async () => {
        const database = new ClassicLevel<Buffer, Buffer>(path(), { keyEncoding: 'buffer', valueEncoding: 'buffer' });
        await database.put(Buffer.from('kiwi'), value);
        await database.close();
        expect(await open()).to.deep.equal([]);
        expect(asides()).to.have.lengthOf(1);
        expect(troubles).to.have.lengthOf(1);
      });
    }

    it('may be damaged twice', async () => {
      for (let time = 1; time <= 2; time += 1) {
        writeFileSync(named(/^CURRENT$/), 'nothing');
        expect(await open()).to.deep.equal([]);
        await close();
        expect(asides()).to.have.lengthOf(time);
      }
    });

    it('at the end of its log, as a crash leaves it, holds all but what stood there', async () => {
      const log = named(/\.log$/);
      truncateSync(log, statSync(log).size - 10);
      const held = await open();
      for (const at of inOrder(many(3_000).slice(10))) expect(held).to.include(at);
      expect(held).to.have.lengthOf(3_000);
    });

    it('is not confused with a folder of something else: what it is set aside as still has all of it', async () => {
      rmSync(path(), { recursive: true });
      mkdirSync(path());
      writeFileSync(join(path(), 'CURRENT'), 'somebody else');
      writeFileSync(join(path(), 'notes.txt'), 'dear diary');
      await open();
      expect(readFileSync(folder.pathTo(asides()[0] ?? '', 'notes.txt'), 'utf8')).to.equal('dear diary');
    });
  });
});
