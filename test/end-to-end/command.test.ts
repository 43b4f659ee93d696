import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { defaultTimeoutMs } from '../support/eventually.js';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const commands = ['start', 'check', 'send', 'where', 'near', 'watch', 'status', 'simulate', 'fuzz', 'schema'];

describe('the herd command', function () {
  this.timeout(2 * defaultTimeoutMs);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** A folder with a herd.yaml of these lines. */
  async function folderWith(...lines: string[]): Promise<string> {
    const cwd = await mkdtemp(join(folder, 'case-'));
    await writeFile(join(cwd, 'herd.yaml'), lines.join('\n'));
    return cwd;
  }

  describe('in general', () => {
    it('tells how it is used', async () => {
      const helps = await Promise.all(commands.map((name) => runCommand([name, '--help'], { cwd: folder })));
      for (const [index, { status, stdout }] of helps.entries()) {
        expect(status).to.equal(0);
        expect(stdout).to.match(new RegExp(`^Usage: herd ${commands[index] ?? ''} `));
      }
      const { status, stdout } = await runCommand(['--help'], { cwd: folder });
      expect(status).to.equal(0);
      for (const name of commands) expect(stdout).to.include(`\n  ${name} `);
    });

    for (const [what, args, words] of [
      ['an option that it does not know', ['start', '--threads'], /unknown option '--threads'/],
      ['a command that it does not know', ['stampede'], /unknown command 'stampede'/],
      ['no command', [], /Usage: herd/],
      ['an argument too few', ['send'], /missing required argument 'server'/],
      ['an argument too many', ['where', 'kiwi', 'moa'], /too many arguments/],
      [
        'the name of no server to start',
        ['start', 'Blake', 'Shaq'],
        /unknown server Shaq in .* \(expected one of: Blake, Bryant, Gasol/,
      ],
      [
        '--record together with --processes',
        ['start', '--processes', '--record', 'x'],
        /--record cannot be combined with/,
      ],
      ['the name of no server to talk to', ['send', 'Shaq', 'x'], /unknown server Shaq in /],
      ['a number of runs that is none', ['fuzz', '--runs', 'many'], /invalid number of runs "many"/],
      ['a time without a unit', ['fuzz', '--time', '60'], /invalid duration "60": add a unit/],
      ['the name of no server to ask', ['where', 'kiwi', '--server', 'Shaq'], /unknown server Shaq in /],
    ] as const) {
      it(`ends with status 2 when given ${what}`, async () => {
        const { status, stdout, stderr } = await runCommand(args, { cwd: folder });
        expect(stderr).to.match(words);
        expect(stderr).to.not.match(/\n {4}at /);
        expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      });
    }
  });

  describe('fuzz', () => {
    it('ends with status 0 when every run passes, and lists what no run covered', async () => {
      const { status, stdout, stderr } = await runCommand(['fuzz', '--runs', '2', '--seed', '10'], { cwd: folder });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.match(/^fuzzing from seed 10\n2 runs from seed 10, \d+ s simulated in \d+ s\nPASSED: /);
      expect(stdout).to.include('not covered:');
    });
  });

  it('asks the servers of a herd whose secrets it does not have, and simulates them, but does not start them', async () => {
    const cwd = await folderWith(
      'herd: h',
      'servers: { Blake: { port: 1 } }',
      'replication: { kind: nats, servers: [nats.example], user: herd, password: "${NATS_SECRET}" }',
    );
    await writeFile(
      join(cwd, 'story.yaml'),
      'name: a story\nherd: herd.yaml\nclients: { count: 0 }\nsteps: []\nsettle: 20s\n',
    );
    const lacking = 'herd: herd.yaml:3: environment variable NATS_SECRET is not set\n';
    for (const [args, status, said] of [
      [['send', 'Blake', 'hello'], 2, 'herd: Blake: cannot connect to 127.0.0.1:1 (ECONNREFUSED)\n'],
      [['where', 'kiwi'], 2, 'herd: Blake: cannot connect to 127.0.0.1:1 (ECONNREFUSED)\n'],
      [['simulate', 'story.yaml'], 0, ''],
      [['check'], 2, lacking],
      [['start'], 2, lacking],
      [['start', '--processes'], 2, lacking],
    ] as const) {
      const ended = await runCommand(args, { cwd });
      expect(ended, args.join(' ')).to.include({ status, stderr: said });
    }
  });

  describe('check', () => {
    it('prints the topology of herd.yaml in the working directory', async () => {
      const cwd = await folderWith(
        'herd: laker',
        'servers:',
        '  Blake: { port: 12000, peerPort: 12100 }',
        '  Metta: { port: 12004, peerPort: 12104 }',
        'topology: { Metta: [Blake] }',
      );
      const { status, stdout, stderr } = await runCommand(['check'], { cwd });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.match(/^herd\.yaml is valid: herd laker, 2 servers, upstream sample \(twitter\)\n/);
      expect(stdout).to.match(/\n {2}Blake {3}127\.0\.0\.1:12000 {2}127\.0\.0\.1:12100\n/);
      expect(stdout).to.match(/\n {2}Metta {3}\d+ MiB {2}program \d+ MiB, locations 2064 MiB, connections \d+ MiB, /);
      expect(stdout).to.match(/\n {9}Blake {2}Metta\n {2}Blake {2}· {6}●\n {2}Metta {2}● {6}·\n/);
    });

    it('takes the herd that is shipped where the folder has none, and any that is named', async () => {
      const alone = await runCommand(['check'], {
        cwd: await folderWith('herd: one', 'servers: { Blake: { port: 1, peerPort: 2 } }'),
      });
      expect(alone.stdout).to.match(/^herd\.yaml is valid: herd one, 1 server, upstream/);
      const shipped = await runCommand(['check'], { cwd: folder });
      expect(shipped).to.include({ status: 0, stderr: '' });
      expect(shipped.stdout).to.match(/herd\.yaml is valid: herd twitter, 5 servers/);

      const cwd = await folderWith('herd: nobody');
      const examples = (await readdir(join(project, 'examples'))).filter((name) => name.endsWith('.yaml'));
      expect(examples).to.have.length.above(1);
      const checks = examples.map((example) =>
        runCommand(['check', '--config', join(project, 'examples', example)], { cwd }),
      );
      for (const [index, { status, stdout, stderr }] of (await Promise.all(checks)).entries()) {
        const example = examples[index] ?? '';
        expect({ status, stderr }, example).to.deep.equal({ status: 0, stderr: '' });
        expect(stdout).to.include(`${example} is valid: `);
      }
    });

    for (const [what, lines, problems] of [
      [
        'unknown keys',
        ['herd: laker', 'servers:', '  Blake: { port: 1, peerPort: 2, prot: 3 }', 'loggs: { dir: logs }'],
        [
          'herd.yaml:3: servers.Blake.prot: unknown key; did you mean port?',
          'herd.yaml:4: loggs: unknown key; did you mean log?',
        ],
      ],
      [
        'unknown neighbours and a server that is its own neighbour',
        [
          'herd: laker',
          'servers:',
          '  Blake: { port: 1, peerPort: 2 }',
          'topology:',
          '  Blake:',
          '  - Shaq',
          '  - Blake',
        ],
        [
          'herd.yaml:6: topology.Blake: unknown server Shaq (known: Blake)',
          'herd.yaml:7: topology.Blake: a server cannot be its own neighbour',
        ],
      ],
    ] as const) {
      it(`names file and line of ${what}, and ends with status 2`, async () => {
        const { status, stdout, stderr } = await runCommand(['check'], { cwd: await folderWith(...lines) });
        for (const problem of problems) expect(stderr).to.include(`herd: ${problem}`);
        expect(stderr.trimEnd().split('\n')).to.have.lengthOf(problems.length);
        expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      });
    }

    it('ends with status 2 if there is no such file', async () => {
      const { status, stderr } = await runCommand(['check', '--config', 'nowhere.yaml'], { cwd: folder });
      expect(stderr).to.equal('herd: nowhere.yaml cannot be read: there is no such file\n');
      expect(status).to.equal(2);
    });

    const exposed = [
      'herd: laker',
      'servers:',
      '  Blake: { host: 0.0.0.0, port: 1, peerPort: 2 }',
      '  Metta: { port: 3, peerPort: 4 }',
      'topology: { Blake: [Metta] }',
    ];

    it('warns of servers that would not start without a secret', async () => {
      const cwd = await folderWith(...exposed);
      const without = await runCommand(['check'], { cwd, env: { HERD_SECRET: '' } });
      expect(without.stderr).to.match(
        /^herd: servers\.Blake\.peerPort: 0\.0\.0\.0:2 is not a loopback address; set HERD_SECRET .*\n$/,
      );
      expect(without.status).to.equal(0);
      const withOne = await runCommand(['check'], { cwd, env: { HERD_SECRET: 'a secret of this very test' } });
      expect(withOne.stderr).to.equal('');
      const short = await runCommand(['check'], { cwd, env: { HERD_SECRET: 'short' } });
      expect(short.stderr).to.match(/HERD_SECRET must be at least 16 characters long/);
      expect(short.status).to.equal(2);
    });

    it('names certificates that cannot be read', async () => {
      const cwd = await folderWith(...exposed, 'tls: { clients: { cert: no.pem, key: no-key.pem } }');
      const { status, stderr } = await runCommand(['check'], { cwd });
      expect(stderr).to.match(/^herd: no\.pem cannot be read: /);
      expect(status).to.equal(2);
    });

    it('names files for NATS that cannot be read, or are not what they should be', async () => {
      const nats = (rest: string) => `replication: { kind: nats, servers: [nats.example], ${rest} }`;
      for (const [rest, problem] of [
        ['credentials: no.creds', /^herd: \S+no\.creds cannot be read: /],
        ['credentials: herd.yaml', /^herd: \S+herd\.yaml does not contain valid NATS credentials: /],
        ['tls: { ca: no.pem }', /^herd: \S+no\.pem cannot be read: /],
        ['tls: { ca: herd.yaml }', /^herd: \S+herd\.yaml is not a valid CA certificate: /],
      ] as const) {
        const cwd = await folderWith('herd: h', 'servers: { Blake: { port: 1 } }', nats(rest));
        const { status, stdout, stderr } = await runCommand(['check'], { cwd });
        expect(stderr).to.match(problem);
        expect({ status, stdout }, rest).to.deep.equal({ status: 2, stdout: '' });
      }
    });

    it('warns of locations on disk that are damaged', async () => {
      const cwd = await folderWith(
        'herd: h',
        'servers: { Blake: { port: 1, peerPort: 2 } }',
        'store: { path: locations }',
      );
      expect(await runCommand(['check'], { cwd })).to.include({ status: 0, stderr: '' });
      await mkdir(join(cwd, 'locations', 'Blake'), { recursive: true });
      await writeFile(join(cwd, 'locations', 'Blake', 'CURRENT'), 'nonsense');
      const { status, stderr } = await runCommand(['check'], { cwd });
      expect(stderr).to.match(
        /^herd: [^\n]*locations.Blake is damaged \(.+\); Blake will rename it and start without it\n$/,
      );
      expect(status).to.equal(0);
    });

    it('warns of a topology that is not connected', async () => {
      const cwd = await folderWith(
        'herd: laker',
        'servers:',
        ...['Blake', 'Gasol', 'Metta'].map(
          (name, index) => `  ${name}: { port: ${index + 1}, peerPort: ${index + 11} }`,
        ),
        'topology: { Blake: [Gasol] }',
      );
      const { status, stderr } = await runCommand(['check'], { cwd });
      expect(stderr).to.equal('herd: topology is not connected; 2 components: Blake, Gasol | Metta\n');
      expect(status).to.equal(0);
    });
  });
});
