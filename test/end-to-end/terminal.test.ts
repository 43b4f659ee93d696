import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { bytesOf } from '../../src/protocol/text/bytes.js';
import { herdProgram } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';

/** Runs a program in a terminal of its own, and copies what it shows there. */
const terminal = 'import pty, sys; pty.spawn(sys.argv[1:])';

/** A title, a bell, a C1 control, and an override of the direction. */
const escapes = '\x1b]0;OWNED\x07\u009b7m\u202e';
const id = bytesOf(`evil${escapes}kīwi`);
const shownId = 'evil?]0;OWNED??7m?kīwi';

describe('the ID of a stranger in a terminal', function () {
  this.timeout(3 * defaultTimeoutMs);
  let herd: Herd | undefined;

  before(async function () {
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) return this.skip();
    herd = await startHerd({ mode: 'one process', servers: ['Solo'] });
  });
  after(() => herd?.stop());

  /** Runs a command in a terminal until that shows a text; returns all that it shows. */
  async function shows(
    args: readonly string[],
    text: string,
    meanwhile: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<string> {
    const command = [process.execPath, herdProgram, ...args];
    const child = spawn('python3', ['-c', terminal, ...command], { cwd: herd?.file.folder });
    // It may have ended by itself before it is killed.
    const closed = once(child, 'close');
    const shown: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => shown.push(chunk));
    const screen = () => Buffer.concat(shown).toString();
    try {
      await eventually(`the terminal shows ${text}`, async () => {
        await meanwhile();
        return screen().includes(text);
      });
      return screen();
    } finally {
      child.stdin.end();
      child.kill();
      await closed;
    }
  }

  it('is shown by herd watch, send, where and near without what the terminal would act on', async () => {
    let second = 0;
    const report = async () => herd?.report('Solo', id, String((second += 1)));
    await report();
    const end = `${shownId} `;
    const screens = [
      await shows(['watch', '*'], end, report),
      await shows(['send', 'Solo', `WHATSAT ${Buffer.from(id, 'latin1').toString()} 1 0`], end),
      await shows(['where', Buffer.from(id, 'latin1').toString()], `${shownId}\r\n`),
      await shows(['near', Buffer.from(id, 'latin1').toString()], `${shownId}\r\n`),
    ];
    for (const screen of screens) {
      for (const character of escapes.replaceAll(/[ -~]/g, '')) expect(screen).to.not.include(character);
    }
  });
});
