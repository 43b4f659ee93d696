import { expect } from 'chai';
import { PendingCommands } from '../../../src/simulation/run/pending-commands.js';

const at = 'AT Blake +0.1 kiwi +1+1 1';

describe('PendingCommands', () => {
  it('gives each command the lines that answer it, however they are cut', () => {
    const commands = new PendingCommands();
    for (const command of ['IAMAT kiwi +1+1 1', 'WHATSAT kiwi 1 1', 'WHATSAT emu 1 1', 'nonsense'])
      commands.add(command);
    const bytes = Buffer.from(`${at}\n${at}\n{"results":[]}\n? WHATSAT emu 1 1\n? nonsense\n`);
    const answers = [...bytes].flatMap((byte) => commands.receive(String.fromCharCode(byte)));
    expect(answers).to.deep.equal([
      { command: 'IAMAT kiwi +1+1 1', lines: [at] },
      { command: 'WHATSAT kiwi 1 1', lines: [at, '{"results":[]}'] },
      { command: 'WHATSAT emu 1 1', lines: ['? WHATSAT emu 1 1'] },
      { command: 'nonsense', lines: ['? nonsense'] },
    ]);
    expect(commands.abandon()).to.deep.equal([]);
  });

  it('reports responses without a command and commands without a response', () => {
    const commands = new PendingCommands();
    expect(commands.receive('? x\n')).to.deep.equal([{ command: undefined, lines: ['? x'] }]);
    commands.add('WHATSAT kiwi 1 1');
    expect(commands.receive(`${at}\n`)).to.deep.equal([]);
    expect(commands.abandon()).to.deep.equal(['WHATSAT kiwi 1 1']);
    expect(commands.abandon()).to.deep.equal([]);
  });
});
