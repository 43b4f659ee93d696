import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { TemporaryFolder } from '../../../support/temporary-folder.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

const maxFileBytes = 65_536;
const maxFiles = 3;
/** Commands per batch. */
const chunkLines = 200;

describe('the log of a server under load', function () {
  this.timeout(30_000);
  let folder: TemporaryFolder;
  let herd: HerdInProcess;

  beforeEach(() => {
    folder = new TemporaryFolder();
  });

  afterEach(async () => {
    await herd.stop();
    folder.remove();
  });

  async function begin(log: Readonly<Record<string, unknown>>): Promise<void> {
    herd = new HerdInProcess({ links: ['Blake-Bryant'], settings: { log: { dir: folder.path, ...log } } });
    await herd.start();
  }

  /** Returns the files of a server's log, the oldest first. */
  function filesOf(server: string): string[] {
    const names = readdirSync(folder.pathTo(server)).filter((name) => !name.endsWith('.error.log'));
    return names.sort().map((name) => folder.pathTo(server, name));
  }

  it('stays within its maximum size, and contains the newest lines without a gap', async () => {
    await begin({ maxFileBytes, maxFiles });
    const client = await herd.client('Blake');
    let last = 0;
    let bytesSent = 0;
    while (bytesSent < 5 * maxFiles * maxFileBytes) {
      const lines = Array.from(
        { length: chunkLines },
        () => `IAMAT ${(last += 1)}-${'x'.repeat(last % 300)} +1+1 ${last}\n`,
      );
      client.socket.write(lines.join(''));
      bytesSent += lines.join('').length;
      for (let answers = 0; answers < chunkLines; answers += 1) await client.line();
      for (const server of herd.servers) {
        const files = filesOf(server);
        expect(files.length).to.be.at.most(maxFiles);
        for (const file of files) expect(statSync(file).size).to.be.at.most(maxFileBytes);
      }
    }
    await herd.stop();
    for (const [server, pattern] of [
      ['Blake', / client \S+ in IAMAT (\d+)-/],
      ['Bryant', / peer Blake in AT Blake \S+ (\d+)-/],
    ] as const) {
      const files = filesOf(server);
      expect(files, server).to.have.lengthOf(maxFiles);
      const lines = files.flatMap((file) => readFileSync(file, 'latin1').split('\n').slice(0, -1));
      for (const line of lines) expect(line).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ /);
      const numbers = lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number);
      expect(numbers.length, server).to.be.above(100);
      expect(numbers, server).to.deep.equal(numbers.map((_, index) => last - numbers.length + 1 + index));
      expect(lines.at(-1), server).to.match(/ server stopped$/);
    }
  });

  it('has the level of herd.yaml', async () => {
    await begin({ level: 'info' });
    expect(await (await herd.client('Blake')).request('hello')).to.equal('? hello');
    await herd.stop();
    const [text = ''] = filesOf('Blake').map((file) => readFileSync(file, 'latin1'));
    expect(text)
      .to.match(/ link Bryant live\n/)
      .and.to.not.match(/hello| (?:client|peer) \S+ (?:in|out) /);
  });
});
