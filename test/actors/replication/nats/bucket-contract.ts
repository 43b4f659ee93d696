import { expect } from 'chai';
import fc from 'fast-check';
import type {
  BucketEntry,
  BucketExtent,
  BucketListener,
  BucketSession,
  LocationBucket,
} from '../../../../src/actors/ports/location-bucket.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import { eventually } from '../../../support/eventually.js';

/** A bucket under test, and what can be done to the engine behind it. */
export interface BucketUnderTest {
  /** The bucket, as one of several servers reaches it. */
  readonly bucket: LocationBucket;
  /** Ends the engine; what it has stored stays. */
  goDown(): Promise<void>;
  comeUp(): Promise<void>;
  /** Deletes the bucket, and makes one of the same name. */
  remake(): Promise<void>;
  end(): Promise<void>;
}

/** Hears what a session reports. */
class Ear implements BucketListener {
  readonly events: string[] = [];
  readonly entries: BucketEntry[] = [];
  readonly session: BucketSession;

  constructor(bucket: LocationBucket, extent: BucketExtent) {
    let call: 'under way' | 'over' = 'under way';
    this.isCalling = () => call === 'under way';
    this.session = bucket.open(this, extent);
    call = 'over';
  }

  private readonly isCalling: () => boolean;

  opened(session: BucketSession): void {
    this.note(session, 'opened');
  }

  warned(_: BucketSession, reason: string): void {
    expect.fail(`nothing is to be warned of, but: ${reason}`);
  }

  changed(session: BucketSession, entries: readonly BucketEntry[]): void {
    this.entries.push(...entries);
    this.note(session, 'changed');
  }

  loaded(session: BucketSession): void {
    this.note(session, 'loaded');
  }

  closed(session: BucketSession, reason: string): void {
    expect(reason).to.not.equal('');
    this.note(session, 'closed');
  }

  /** The last of each key that was told. */
  get contents(): Map<string, string | undefined> {
    return new Map(this.entries.map(({ key, value }) => [key, value]));
  }

  async waitFor(what: string): Promise<void> {
    await eventually(`${what} is heard`, () => this.events.includes(what));
  }

  async isTold(key: string, value: string): Promise<void> {
    await eventually(`${key} is ${value}`, () => this.contents.get(key) === value);
  }

  private note(session: BucketSession, what: string): void {
    expect(this.isCalling(), `${what} is told while the bucket is being opened`).to.equal(false);
    expect(session, 'every report names the same session').to.equal(this.session);
    expect(this.events, `${what} after the end`).to.not.include('closed');
    if (this.events.at(-1) !== what) this.events.push(what);
  }
}

/** Client IDs: bytes of any value, white space excepted, short ones and the longest there are. */
const anyClient = fc
  .uint8Array({ minLength: 1, maxLength: 4_000, size: 'max' })
  .map((bytes) => asClientId(Buffer.from(bytes).toString('latin1')));

/** What every bucket promises: see `LocationBucket`, `BucketSession` and `BucketListener`. */
export function itIsABucket(begin: () => Promise<BucketUnderTest>): void {
  let under: BucketUnderTest;
  const ears: Ear[] = [];

  beforeEach(async () => {
    under = await begin();
  });

  afterEach(async () => {
    for (const ear of ears.splice(0)) ear.session.close();
    await under.end();
  });

  function open(extent: BucketExtent = 'everything'): Ear {
    const ear = new Ear(under.bucket, extent);
    ears.push(ear);
    return ear;
  }

  async function opened(extent?: BucketExtent): Promise<Ear> {
    const ear = open(extent);
    await ear.waitFor('loaded');
    return ear;
  }

  it('reports an empty bucket as opened and loaded', async () => {
    const ear = await opened();
    expect(ear.events).to.deep.equal(['opened', 'loaded']);
  });

  it('names its shards, each once, and for each key the same one of them', async () => {
    const [{ session }, other] = [await opened(), await opened('changes')];
    expect(session.shards.length).to.be.at.least(1);
    expect(new Set(session.shards)).to.have.lengthOf(session.shards.length);
    const used = new Set<number>();
    for (let key = 0; key < 100; key += 1) {
      const shard = session.shardOf(`key-${key}`);
      expect(session.shards[shard]).to.be.a('string');
      expect(other.session.shardOf(`key-${key}`)).to.equal(shard);
      used.add(shard);
    }
    expect(used).to.have.lengthOf(session.shards.length);
  });

  it('delivers everything on open, the last of each key, and then what changes', async () => {
    const { session } = await opened();
    await Promise.all(Array.from({ length: 300 }, (_, key) => session.put(`key-${key}`, `first ${key}`, 0)));
    const { entry } = (await session.get('key-7')) as { entry: BucketEntry };
    await session.put('key-7', 'second', entry.revision);
    const ear = await opened();
    expect(ear.events).to.deep.equal(['opened', 'changed', 'loaded']);
    expect(ear.contents.size).to.equal(300);
    expect(ear.contents.get('key-7')).to.equal('second');
    expect(ear.contents.get('key-8')).to.equal('first 8');
    await session.put('key-300', 'late', 0);
    await ear.isTold('key-300', 'late');
    // A bucket in several parts has no order among those.
    const revisions = ear.entries.filter(({ key }) => key === 'key-7').map(({ revision }) => revision);
    expect(revisions).to.deep.equal(revisions.toSorted((one, other) => one - other));
  });

  it('delivers only changes to a changes-only session, and misses none that a later get does not know of', async () => {
    const { session } = await opened();
    await Promise.all(Array.from({ length: 100 }, (_, key) => session.put(`key-${key}`, `first ${key}`, 0)));
    const ear = await opened('changes');
    expect(ear.events).to.deep.equal(['opened', 'loaded']);
    const { entry } = (await ear.session.get('key-7')) as { entry: BucketEntry };
    expect(entry).to.include({ key: 'key-7', value: 'first 7' });
    await session.put('key-7', 'second', entry.revision);
    await session.put('key-200', 'late', 0);
    await ear.isTold('key-7', 'second');
    await ear.isTold('key-200', 'late');
    expect([...ear.contents.keys()].sort()).to.deep.equal(['key-200', 'key-7']);
  });

  it('delivers further changes to a changes-only session when the broker is back', async () => {
    const ear = await opened('changes');
    await under.goDown();
    await ear.waitFor('closed');
    await under.comeUp();
    await eventually('it can be opened again', async () => {
      const again = open('changes');
      await eventually('it has answered', () => again.events.length > 1 || again.events.includes('closed'));
      if (again.events.includes('closed')) return false;
      await again.waitFor('loaded');
      expect(again.contents).to.deep.equal(new Map());
      expect(await again.session.put('kiwi', 'one', 0)).to.include({ kind: 'stored' });
      await again.isTold('kiwi', 'one');
      return true;
    });
  });

  it('stores at the revision that stands there, tells it, and takes nothing at another', async () => {
    const { session } = await opened();
    const other = await opened();
    expect(await session.put('kiwi', 'too soon', 5)).to.deep.equal({ kind: 'conflict' });
    const first = await session.put('kiwi', 'one', 0);
    if (first.kind !== 'stored') throw new Error(first.kind);
    expect(await session.put('kiwi', 'again', 0)).to.deep.equal({ kind: 'conflict' });
    const second = await session.put('kiwi', 'two', first.revision);
    if (second.kind !== 'stored') throw new Error(second.kind);
    expect(second.revision).to.be.above(first.revision);
    expect(await session.put('kiwi', 'late', first.revision)).to.deep.equal({ kind: 'conflict' });
    await other.isTold('kiwi', 'two');
    expect(other.entries.at(-1)).to.deep.equal({ key: 'kiwi', value: 'two', revision: second.revision });
  });

  it('says what stands under a key: nothing, or something that stands or stood there', async () => {
    const { session } = await opened();
    expect(await session.get('kiwi')).to.deep.equal({ kind: 'read', entry: undefined });
    await session.put('kiwi', 'one', 0);
    const fetched = await session.get('kiwi');
    expect(fetched).to.deep.equal({ kind: 'read', entry: { key: 'kiwi', value: 'one', revision: 1 } });
  });

  it('has one key a client, whatever bytes and however many, and gives values back to the byte', async () => {
    const { session } = await opened();
    const ear = await opened();
    const keys = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(anyClient, async (client) => {
        const key = under.bucket.keyOf(client);
        expect(keys.get(key) ?? client).to.equal(client);
        if (keys.has(key)) return;
        keys.set(key, client);
        expect(await session.put(key, client, 0)).to.include({ kind: 'stored' });
      }),
      { numRuns: 50 },
    );
    for (const [key, client] of keys) await ear.isTold(key, client);
  });

  it('answers a thousand writes at once, each', async () => {
    const { session } = await opened();
    const puts = Array.from({ length: 1_000 }, (_, index) => session.put(`key-${index % 500}`, `${index}`, 0));
    const outcomes = (await Promise.all(puts)).map(({ kind }) => kind);
    expect(outcomes.filter((kind) => kind === 'stored')).to.have.lengthOf(500);
    expect(outcomes.filter((kind) => kind === 'conflict')).to.have.lengthOf(500);
  });

  it('stores what was written before it is closed, reports nothing any more, and accepts nothing', async () => {
    const ear = await opened();
    const other = await opened();
    let state: 'open' | 'over' = 'open';
    const over = under.bucket.over().then(() => (state = 'over'));
    const last = ear.session.put('kiwi', 'last', 0).then((outcome) => [outcome.kind, state]);
    ear.session.close();
    expect(await last).to.deep.equal(['stored', 'open']);
    expect((await ear.session.put('emu', 'too late', 0)).kind).to.equal('failed');
    expect((await ear.session.get('kiwi')).kind).to.equal('failed');
    await other.isTold('kiwi', 'last');
    expect(ear.events).to.deep.equal(['opened', 'loaded']);
    expect(state, 'another session is open yet').to.equal('open');
    other.session.close();
    await over;
    await under.bucket.over();
  });

  it('may be closed before it is open', async () => {
    const ear = open();
    ear.session.close();
    await opened();
    expect(ear.events).to.deep.equal([]);
  });

  it('is over when the engine is gone', async () => {
    const ear = await opened();
    await under.goDown();
    await ear.waitFor('closed');
    await under.bucket.over();
    await under.comeUp();
  });

  it('says that the engine is gone, fails what is under way, and has everything again when it is back', async () => {
    const ear = await opened();
    expect(await ear.session.put('kiwi', 'one', 0)).to.include({ kind: 'stored' });
    await under.goDown();
    const late = ear.session.put('emu', 'two', 0);
    await ear.waitFor('closed');
    expect((await late).kind).to.equal('failed');
    const refused = open();
    await refused.waitFor('closed');
    expect(refused.events).to.deep.equal(['closed']);
    await under.comeUp();
    await eventually('it can be opened again', async () => {
      const again = open();
      await eventually('it has answered', () => again.events.length > 1 || again.events.includes('closed'));
      await again.waitFor('loaded');
      return again.contents.get('kiwi') === 'one';
    });
  });

  it('says that the bucket is another one, when it was deleted and made anew', async () => {
    const ear = await opened();
    await ear.session.put('kiwi', 'one', 0);
    await under.remake();
    await ear.waitFor('closed');
    const again = await opened();
    expect(again.contents).to.deep.equal(new Map());
    expect(await again.session.put('kiwi', 'anew', 0)).to.include({ kind: 'stored' });
  });
}
