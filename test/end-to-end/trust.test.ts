import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { Client } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { waitUntilLogged, LogTail, readLog } from '../support/server-log.js';

const secret = 'the secret of the herd: 7c1f0a';
const wrongSecret = 'the secret of another one: 99';

/** Everything that a herd has written down or printed. */
async function writtenBy(herd: Herd): Promise<string> {
  const folder = join(herd.file.folder, 'logs');
  const names = await readdir(folder, { recursive: true });
  const logs = names.filter((name) => name.endsWith('.log')).map((name) => readFile(join(folder, name), 'latin1'));
  const stories = herd.servers.map((server) => herd.command(server).outputText);
  return [...(await Promise.all(logs)), ...stories].join('\n');
}

describe('a herd with a secret', function () {
  this.timeout(4 * defaultTimeoutMs);
  let herd: Herd;

  /** Who calls Metta, and is not let in: what its own log says, and what Metta's does. */
  const refused: readonly (readonly [caller: string, what: string, reason: string])[] = [
    ['Alford', 'has another secret', 'Alford does not have a secret that is valid for Metta: HERD_SECRET differs'],
    ['Bolden', 'has no secret', 'Metta requires the herd secret and Bolden has none: set HERD_SECRET for Bolden'],
    ['Campbell', 'is of another herd', 'Campbell belongs to herd places, Metta to herd twitter'],
    ['Davies', 'is no neighbour to it', 'Davies is not a neighbour of Metta'],
  ];

  before(async () => {
    const callers = [...refused.map(([caller]) => caller), 'Evans'];
    const file = await writeHerdFile({ topology: { Metta: callers, Zubac: ['Metta'] }, hasLogs: true });
    file.editServerConfig('Campbell', (document) => (document.herd = 'places'));
    const allButDavies = callers.filter((caller) => caller !== 'Davies');
    file.editServerConfig('Metta', (document) => (document.topology = { ...document.topology, Metta: allButDavies }));
    herd = new Herd('one command a server', file);
    for (const server of herd.servers) herd.setCircumstances(server, { env: { HERD_SECRET: secret } });
    herd.setCircumstances('Alford', { env: { HERD_SECRET: wrongSecret } });
    // Bolden and Zubac have none.
    for (const server of ['Bolden', 'Zubac']) herd.setCircumstances(server, {});
    await herd.start();
  });
  after(() => herd.stop());

  /** Reports a client wherever it can be; returns who was told of it by another server. */
  async function reportEverywhere(occasion: string): Promise<ByteString[]> {
    return Promise.all(herd.servers.map((server) => herd.report(server, `${occasion}-at-${server}`)));
  }

  it('[PE20] links those that know it', async () => {
    await waitUntilLogged(
      herd,
      [await herd.report('Evans', 'kiwi'), await herd.report('Metta', 'emu')],
      ['Evans', 'Metta'],
    );
  });

  for (const [caller, what, reason] of refused) {
    it(`[PE5][PE17][PE20] refuses a server that ${what}: both logs say why, and it tries again`, async () => {
      await LogTail.start(herd, caller).waitForLine(
        new RegExp(` link Metta backoff: refused: ${reason}; next attempt in \\d+ ms$`),
        3,
      );
      await LogTail.start(herd, 'Metta').waitForLine(new RegExp(` peer 127\\.0\\.0\\.1:\\d+ rejected: ${reason}$`), 3);
    });
  }

  it('[PE8][PE20] does not believe a server that is called and has none: both logs say so', async () => {
    const reason = 'Metta requires the herd secret and Zubac has none: set HERD_SECRET for Zubac';
    await LogTail.start(herd, 'Metta').waitForLine(new RegExp(` link Zubac backoff: refused: ${reason}; `), 2);
    await LogTail.start(herd, 'Zubac').waitForLine(new RegExp(` peer 127\\.0\\.0\\.1:\\d+ rejected: ${reason}$`), 2);
  });

  it('[PE7][PE8] passes no location to or from any of those', async () => {
    const outside = [...refused.map(([caller]) => caller), 'Zubac'];
    const ats = await reportEverywhere('told');
    const inside = ats.filter((at) => / (Evans|Metta) /.test(at.slice(0, 10)));
    await waitUntilLogged(herd, inside, ['Evans', 'Metta']);
    // Each of them has called, or been called, once more after that.
    for (const server of outside.slice(0, -1)) {
      await (await LogTail.now(herd, server)).waitForLine(/ link Metta backoff: /, 2);
    }
    for (const server of herd.servers) {
      const lines = (await readLog(herd, server)).filter((line) => / peer \S+ (in|out) (AT|DIGEST|SEEK) /.test(line));
      const mentioned = outside.filter((name) => lines.some((line) => line.includes(name)));
      expect(mentioned, `what ${server} heard and told`).to.deep.equal([]);
      if (outside.includes(server)) expect(lines).to.deep.equal([]);
    }
  });

  describe('and a stranger at the port for servers', () => {
    const at = 'AT Evans +0.100000000 planted +1+1 1700000000 Evans';
    let strangers: Client[];

    beforeEach(() => (strangers = []));
    afterEach(() => {
      for (const stranger of strangers) stranger.close();
    });

    async function stranger(): Promise<Client> {
      const client = await Client.connect(herd.file.peerPortOf('Metta'));
      strangers.push(client);
      return client;
    }

    /** Metta knows nothing of what strangers told, has kept the link that it had, and serves. */
    async function nothingHasChanged(evans: LogTail): Promise<void> {
      await waitUntilLogged(herd, [await herd.report('Metta', 'still-here')], ['Evans']);
      expect((await evans.lines()).filter((line) => line.includes(' link '))).to.deep.equal([]);
      expect(await herd.queryLocations('Metta', ['planted'])).to.deep.equal([undefined]);
    }

    for (const [what, said, answer] of [
      ['sends a location', `${at}\n${at}\n`, /^REFUSED [^\n]*\n$/],
      ['says garbage', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', /^REFUSED [^\n]*\n$/],
      ['says bytes', `${allBytes()}\n${allBytes()}\n`, /^REFUSED [^\n]*\n$/],
      ['sends 64 KB without a line end', 'x'.repeat(65_536), /^$/],
      ['calls itself Evans, and shows nothing', `HELLO 3 twitter Evans Metta\n${at}\n`, /^REFUSED [^\n]*\n$/],
      [
        'calls itself Evans, and proves nothing',
        `HELLO 3 twitter Evans Metta AAAAAAAAAAAAAAAAAAAAAA\nPROOF ${'A'.repeat(43)}\n${at}\n`,
        /^HELLO 3 twitter Metta Evans \S+\nREFUSED [^\n]*\n$/,
      ],
    ] as const) {
      it(`[PE2][PE6][PE7] who ${what} is sent away, and changes nothing`, async () => {
        const evans = await LogTail.now(herd, 'Evans');
        const client = await stranger();
        client.send(said);
        expect(await client.readToEnd()).to.match(answer);
        await nothingHasChanged(evans);
      });
    }

    it('[PE6] who says nothing is let wait, but not with more than 63 others, and changes nothing', async () => {
      const evans = await LogTail.now(herd, 'Evans');
      const silent = await Promise.all(Array.from({ length: 80 }, stranger));
      const surplus = () => silent.filter(({ unreadLineCount }) => unreadLineCount > 0);
      await eventually('16 are sent away', () => surplus().length >= 16);
      for (const client of surplus())
        expect(await client.readToEnd()).to.match(/^REFUSED too many unauthenticated connections/);
      await nothingHasChanged(evans);
    });
  });

  it('tells nobody the secret, nor a proof', async () => {
    const written = await writtenBy(herd);
    expect(written).to.contain(' out PROOF ...').and.to.contain(' in PROOF ...');
    for (const word of [secret, wrongSecret]) expect(written.includes(word), 'a secret').to.equal(false);
    expect(/PROOF [\w-]{20}/.test(written), 'a proof').to.equal(false);
  });
});

function allBytes(): ByteString {
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
  return all.replace('\n', '');
}

describe('a secret', function () {
  this.timeout(4 * defaultTimeoutMs);
  const newSecret = 'the secret that comes next: 42';

  it('[PE21] is replaced server by server, and the herd goes on', async () => {
    const file = await writeHerdFile({ topology: { Blake: ['Bryant'] }, hasLogs: true });
    const herd = new Herd('one command a server', file);
    const both = { HERD_SECRET: newSecret, HERD_SECRET_PREVIOUS: secret };
    for (const server of herd.servers) herd.setCircumstances(server, { env: { HERD_SECRET: secret } });
    await herd.start();
    let reports = 0;
    const theyAreLinked = async () => {
      reports += 1;
      const ats = herd.servers.map((server) => herd.report(server, `client-${reports}-of-${server}`));
      await waitUntilLogged(herd, await Promise.all(ats));
    };
    await theyAreLinked();
    for (const [server, env] of [
      ['Blake', both],
      ['Bryant', both],
      ['Blake', { HERD_SECRET: newSecret }],
      ['Bryant', { HERD_SECRET: newSecret }],
    ] as const) {
      herd.setCircumstances(server, { env });
      await herd.kill(server);
      await herd.restart(server);
      await theyAreLinked();
    }
    await herd.stop();
  });

  for (const [whose, exposed] of [
    ['its own', 'Blake'],
    ["a neighbour's", 'Bryant'],
  ] as const) {
    it(`must be there where ${whose} port for servers can be reached from elsewhere`, async () => {
      const file = await writeHerdFile({ topology: { Blake: ['Bryant'] } });
      file.editServerConfig('Blake', ({ servers }) => {
        const address = servers[exposed];
        if (address !== undefined) address.host = '0.0.0.0';
      });
      const { status, stdout, stderr } = await runCommand(
        ['start', 'Blake', '--config', file.serverConfigPath('Blake') ?? ''],
        {
          cwd: file.folder,
        },
      );
      expect(stderr).to.equal(
        `herd: servers.${exposed}.peerPort: 0.0.0.0:${file.peerPortOf(exposed)} is not a loopback address; ` +
          'set HERD_SECRET to the same value on all servers\n',
      );
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      await rm(file.folder, { recursive: true });
    });
  }

  it('must be long enough, and is not told to who made it too short', async () => {
    const file = await writeHerdFile({ servers: ['Solo'] });
    const { status, stderr } = await runCommand(['start'], { cwd: file.folder, env: { HERD_SECRET: 'short-secret' } });
    expect(stderr).to.match(/^herd: HERD_SECRET must be at least 16 characters long/);
    expect(stderr).to.not.contain('short-secret');
    expect(status).to.equal(2);
    await rm(file.folder, { recursive: true });
  });
});
