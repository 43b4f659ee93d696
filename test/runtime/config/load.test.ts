import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadConfig, parseConfig, type ConfigUse } from '../../../src/runtime/config/load.js';
import { herdJsonSchema } from '../../../src/runtime/config/schema.js';
import { defaultUpstreamSettings } from '../../../src/actors/upstream/upstream-settings.js';
import { defaultLimits, defaultLinkTimings } from '../../../src/actors/ports/limits.js';
import { ConfigError } from '../../../src/runtime/errors.js';
import { toServerId } from '../../support/fake-location.js';

const project = new URL('../../../../', import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, project));

/** Lines of a herd of two servers, of which tests replace one. */
const good = [
  'herd: test', // line 1
  'servers:',
  '  Blake: { port: 12000, peerPort: 12100 }', // line 3
  '  Metta: { port: 12001, peerPort: 12101 }',
  'topology:', // line 5
  '  Blake: [Metta]',
];

function parse(lines: readonly string[], environment: Record<string, string> = {}) {
  return parseConfig('herd.yaml', lines.join('\n'), environment);
}

/** Returns the problems of that herd after replacing or appending lines. */
function problemsOf(changes: Record<number, string>, more: readonly string[] = []): readonly string[] {
  const lines = [...good.map((line, index) => changes[index + 1] ?? line), ...more];
  try {
    parse(lines);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('herd.yaml', () => {
  it('defines a herd', () => {
    const { upstream, ...config } = parse([...good, 'limits: { maxLineBytes: 300 }', 'log: { dir: somewhere }']);
    expect(upstream).to.include({ kind: 'sample', format: 'twitter' });
    expect(config).to.deep.equal({
      file: 'herd.yaml',
      herd: 'test',
      servers: new Map([
        ['Blake', { host: '127.0.0.1', port: 12000, peerPort: 12100 }],
        ['Metta', { host: '127.0.0.1', port: 12001, peerPort: 12101 }],
      ]),
      otherServers: undefined,
      topology: new Map([
        ['Blake', ['Metta']],
        ['Metta', ['Blake']],
      ]),
      replication: { kind: 'flood' },
      bridge: undefined,
      missingNatsVariables: [],
      upstreamSettings: defaultUpstreamSettings,
      log: { dir: 'somewhere', level: 'lines', maxFileBytes: 16_777_216, maxFiles: 32 },
      storePath: undefined,
      tls: {},
      auth: { clientToken: undefined, adminToken: undefined, deviceTokens: new Map(), allowedOrigins: new Set() },
      limits: { ...defaultLimits, maxLineBytes: 300 },
      linkTimings: defaultLinkTimings,
    });
  });

  it('has defaults for most settings', () => {
    const config = parse(['herd: alone', 'servers: { Blake: { port: 0, peerPort: 0 } }']);
    expect(config.topology).to.deep.equal(new Map([['Blake', []]]));
    expect(config.upstream).to.include({ kind: 'sample', format: 'twitter' });
    expect(config).to.include({ log: undefined, storePath: undefined });
    expect(config).to.deep.include({ tls: {}, limits: defaultLimits, linkTimings: defaultLinkTimings });
  });

  it('defines replication over NATS, without links and peer ports', () => {
    const nats = (text: string, environment: Record<string, string> = {}) =>
      parse(['herd: test', 'servers: { Blake: { port: 0 } }', `replication: { kind: nats, ${text} }`], environment)
        .replication;
    expect(nats('servers: [127.0.0.1:4222]')).to.deep.equal({
      kind: 'nats',
      servers: ['127.0.0.1:4222'],
      subjectName: 'test',
      replicas: Infinity,
      credentials: undefined,
      tls: undefined,
      heartbeatMs: defaultLinkTimings.heartbeatMs,
    });
    expect(nats('servers: [a:1, "nats://b:2", c, "[::1]:80", "::1"], replicas: 3, tls: { ca: ca.pem }')).to.include({
      replicas: 3,
    });
    expect(nats('servers: [a:1], replicas: all')).to.include({ replicas: Infinity });
    const servers = 'servers: [a:1]';
    for (const [text, credentials] of [
      ['credentials: herd.creds', { kind: 'file', path: 'herd.creds' }],
      ['user: herd, password: "${NATS_PASSWORD}"', { kind: 'user', user: 'herd', password: 'secret' }],
      ['token: "${NATS_PASSWORD}"', { kind: 'token', token: 'secret' }],
    ] as const) {
      expect(nats(`${servers}, ${text}`, { NATS_PASSWORD: 'secret' })).to.deep.include({ credentials });
    }
  });

  it('has settings for servers on NATS that are not listed, whose ports may be those of listed ones', () => {
    const { servers, otherServers, topology } = parse([
      'herd: test',
      'servers: { Blake: { port: 1, httpPort: 2 }, "*": { host: 0.0.0.0, port: 1, httpPort: 2 } }',
      'replication: { kind: nats, servers: [a:1] }',
    ]);
    expect([...servers.keys()]).to.deep.equal(['Blake']);
    expect([...topology.keys()]).to.deep.equal(['Blake']);
    expect(otherServers).to.deep.equal({ host: '0.0.0.0', port: 1, httpPort: 2, peerPort: 0 });
    const twice = [
      'herd: test',
      'servers: { "*": { port: 1, httpPort: 1 } }',
      'replication: { kind: nats, servers: [a:1] }',
    ];
    expect(() => parse(twice)).to.throw(
      'herd.yaml:2: servers.*.httpPort: 127.0.0.1:1 is already used by servers.*.port',
    );
  });

  it('accepts secrets for NATS only from the environment', () => {
    const environment = { NATS_SECRET: 'secret', HALF: 'sec' };
    const solo = ['herd: test', 'servers: { Blake: { port: 0, peerPort: 0 } }'];
    for (const [key, variable] of [
      ['password', 'NATS_PASSWORD'],
      ['token', 'NATS_TOKEN'],
    ]) {
      const user = key === 'password' ? 'user: herd, ' : '';
      for (const [at, start] of [
        ['replication', 'kind: nats'],
        ['bridge', 'via: [Blake], name: sites'],
      ]) {
        const load = (secret: string) => () =>
          parse([...solo, `${at}: { ${start}, servers: [a:1], ${user}${key}: ${secret} }`], environment);
        expect(load('"${NATS_SECRET}"')).to.not.throw();
        for (const inFile of ['secret', '"${HALF}ret"']) {
          expect(load(inFile))
            .to.throw(ConfigError)
            .with.property('message')
            .that.equals(
              `herd.yaml:3: ${at}.${key}: must be an environment variable, such as \${${variable}}, not a literal secret`,
            );
        }
      }
    }
  });

  it('defines a bridge to other herds', () => {
    const lines = [...good, 'bridge: { via: [Metta], servers: [127.0.0.1:4222], name: sites, token: "${TOKEN}" }'];
    const { replication, bridge } = parse(lines, { TOKEN: 'secret' });
    expect(replication).to.deep.equal({ kind: 'flood' });
    expect(bridge).to.deep.equal({
      via: new Set(['Metta']),
      servers: ['127.0.0.1:4222'],
      subjectName: 'bridge:sites',
      replicas: Infinity,
      credentials: { kind: 'token', token: 'secret' },
      tls: undefined,
      heartbeatMs: defaultLinkTimings.heartbeatMs,
    });
  });

  it('defines upstreams of every kind and their limits', () => {
    const upstreamOf = (text: string) => parse([...good, `upstream: ${text}`]);
    expect(upstreamOf('{ kind: sample, format: places }').upstream).to.include({ kind: 'sample', format: 'places' });
    expect(upstreamOf('{ kind: twitter, url: "http://search.example" }').upstream).to.include({
      url: 'http://search.example',
    });
    expect(upstreamOf('{ kind: x }').upstream).to.include({ apiKeyEnv: 'X_BEARER_TOKEN', url: 'https://api.x.com' });
    expect(upstreamOf('{ kind: google-places }').upstream).to.include({ apiKeyEnv: 'GOOGLE_PLACES_KEY' });
    expect(upstreamOf('{ kind: google-places-legacy, apiKeyEnv: MINE }').upstream).to.include({ apiKeyEnv: 'MINE' });
    expect(upstreamOf('{ kind: wikipedia, contact: me@example.org }').upstreamSettings.maxConcurrentRequests).to.equal(
      3,
    );
    const replayed = upstreamOf('{ kind: replay, file: a.jsonl, budget: { requestsPerDay: 9 } }');
    expect(replayed.upstreamSettings).to.deep.equal({
      ...defaultUpstreamSettings,
      cacheTtlMs: 0,
      budget: { ...defaultUpstreamSettings.budget, requestsPerDay: 9 },
    });
  });

  it('limits the cost of paid upstreams by default', () => {
    for (const kind of ['x', 'google-places', 'google-places-legacy']) {
      const { budget } = parse([...good, `upstream: { kind: ${kind} }`]).upstreamSettings;
      expect(budget.requestsPerDay, kind).to.be.within(1, 200);
    }
  });

  for (const [what, text, problem] of [
    ['a user without a password', 'user: me', 'replication: user and password must be set together'],
    ['two ways to show who it is', 'token: x, credentials: y', 'replication: only one of '],
    ['a certificate without a key', 'tls: { cert: x }', 'replication.tls: cert and key must be set together'],
  ] as const) {
    it(`rejects ${what} for NATS`, () => {
      const lines = [
        'herd: test',
        'servers: { Blake: { port: 0 } }',
        `replication: { kind: nats, servers: [a:1], ${text} }`,
      ];
      expect(() => parse(lines))
        .to.throw(ConfigError, `herd.yaml:3: `)
        .and.have.property('message')
        .that.contains(problem);
    });
  }

  it('rejects a bridge with replication over NATS', () => {
    const servers = ['herd: test', 'servers: { Blake: { port: 0 } }', 'replication: { kind: nats, servers: [a:1] }'];
    const bridge = 'bridge: { via: [Blake], servers: [a:1], name: b }';
    expect(() => parse([...servers, bridge])).to.throw(
      ConfigError,
      'herd.yaml:4: bridge: must be omitted with replication.kind: nats',
    );
  });

  it('builds the same topology in whatever order and how often neighbours are listed', () => {
    const config = parse([...good, '  Metta: [Blake, Blake]']);
    expect(config.topology.get(toServerId('Metta'))).to.deep.equal(['Blake']);
    expect(config.topology.get(toServerId('Blake'))).to.deep.equal(['Metta']);
  });

  for (const [name, changes, more, problem] of [
    ['an unknown setting', {}, ['colour: blue'], 'herd.yaml:7: colour: unknown key; expected one of herd, servers, '],
    [
      'an unknown setting of a server',
      { 3: '  Blake: { port: 1, peerPort: 2, prot: 3 }' },
      [],
      'herd.yaml:3: servers.Blake.prot: unknown key; did you mean port?',
    ],
    ['a herd without a name', { 1: '# herd: test' }, [], 'herd.yaml:1: herd: '],
    [
      'a name that is none',
      { 1: 'herd: my herd' },
      [],
      'herd.yaml:1: herd: must be a name of letters, digits, - and _',
    ],
    [
      'a server with a name that is none',
      { 3: '  Bl ake: { port: 1, peerPort: 2 }' },
      [],
      'herd.yaml:3: servers.Bl ake: must be a name',
    ],
    ['a server without a port', { 4: '  Metta: { peerPort: 12101 }' }, [], 'herd.yaml:4: servers.Metta.port: '],
    [
      'a port out of range',
      { 3: '  Blake: { port: 65536, peerPort: 12100 }' },
      [],
      'herd.yaml:3: servers.Blake.port: ',
    ],
    [
      'a port that is no whole number',
      { 3: '  Blake: { port: 1.5, peerPort: 12100 }' },
      [],
      'herd.yaml:3: servers.Blake.port: ',
    ],
    [
      'a port that is a word',
      { 3: '  Blake: { port: http, peerPort: 12100 }' },
      [],
      'herd.yaml:3: servers.Blake.port: ',
    ],
    [
      'a port used twice',
      { 4: '  Metta: { port: 12100, peerPort: 12101 }' },
      [],
      'herd.yaml:4: servers.Metta.port: 127.0.0.1:12100 is already used by servers.Blake.peerPort',
    ],
    [
      'a port used twice by one server',
      { 4: '  Metta: { port: 12001, peerPort: 12101, httpPort: 12001 }' },
      [],
      'herd.yaml:4: servers.Metta.httpPort: 127.0.0.1:12001 is already used by servers.Metta.port',
    ],
    [
      'an unknown neighbour',
      { 6: '  Blake: [Metta, Mette]' },
      [],
      'herd.yaml:6: topology.Blake: unknown server Mette (known: Blake, Metta)',
    ],
    [
      'an unknown server in the topology',
      {},
      ['  Mette: [Blake]'],
      'herd.yaml:7: topology.Mette: unknown server Mette (known: Blake, Metta)',
    ],
    [
      'an unknown neighbour with a name that every object has',
      { 6: '  Blake: [constructor]' },
      [],
      'herd.yaml:6: topology.Blake: unknown server constructor',
    ],
    [
      'an unknown server in the topology with a name that every object has',
      {},
      ['  toString: [Blake]'],
      'herd.yaml:7: topology.toString: unknown server toString',
    ],
    [
      'a server that is its own neighbour',
      { 6: '  Blake: [Metta, Blake]' },
      [],
      'herd.yaml:6: topology.Blake: a server cannot be its own neighbour',
    ],
    ['replication of an unknown kind', {}, ['replication: { kind: gossip }'], 'herd.yaml:7: replication.kind: '],
    [
      'links on NATS',
      {},
      ['replication: { kind: nats, servers: [a:1] }'],
      'herd.yaml:5: topology: must be omitted with replication.kind: nats',
    ],
    [
      'no port for links',
      { 4: '  Metta: { port: 1 }' },
      [],
      'herd.yaml:4: servers.Metta.peerPort: is required with replication.kind: flood',
    ],
    [
      'a password in the address of NATS',
      {},
      ['replication: { kind: nats, servers: ["me:secret@a:1"] }'],
      'herd.yaml:7: replication.servers.0: must be a host and port',
    ],
    [
      'a bridge by a server that is none',
      {},
      ['bridge: { via: [Blake, Nobody], servers: [a:1], name: b }'],
      'herd.yaml:7: bridge.via: unknown server Nobody (known: Blake, Metta)',
    ],
    ['a bridge by nobody', {}, ['bridge: { via: [], servers: [a:1], name: b }'], 'herd.yaml:7: bridge.via: '],
    [
      'a bridge without a name',
      {},
      ['bridge: { via: [Blake], servers: [a:1] }'],
      'herd.yaml:7: bridge.name: is required: bridged herds are those with the same name of their bridge',
    ],
    [
      'a bridge with a user and no password',
      {},
      ['bridge: { via: [Blake], servers: [a:1], name: b, user: me }'],
      'herd.yaml:7: bridge: user and password must be set together',
    ],
    ...['nowhere:99999', 'nowhere:0', 'nowhere:port', 'a:1:b', '[::1'].map(
      (place) =>
        [
          `a nats-server at ${place}`,
          {},
          [`replication: { kind: nats, servers: ["${place}"] }`],
          'herd.yaml:7: replication.servers.0: must be a host and a port from 1 to 65535',
        ] as const,
    ),
    [
      'a bridge with a name that is none',
      {},
      ['bridge: { via: [Blake], servers: [a:1], name: a.b }'],
      'herd.yaml:7: bridge.name: must be a name of letters, digits, - and _',
    ],
    [
      'replicas of a bridge',
      {},
      ['bridge: { via: [Blake], servers: [a:1], name: b, replicas: 2 }'],
      'herd.yaml:7: bridge.replicas: unknown key',
    ],
    [
      'a number of replicas that is too large',
      {},
      ['replication: { kind: nats, servers: [a:1], replicas: 65 }'],
      'herd.yaml:7: replication.replicas: must be at most 64',
    ],
    [
      'servers that are not listed with flooding',
      { 4: '  Metta: { port: 12001, peerPort: 12101 }\n  "*": { port: 1 }' },
      [],
      'herd.yaml:5: servers.*: requires replication.kind: nats',
    ],
    ['an upstream of an unknown kind', {}, ['upstream: { kind: bing }'], 'herd.yaml:7: upstream.kind: '],
    [
      'an upstream with an unknown format',
      {},
      ['upstream: { kind: sample, format: round }'],
      'herd.yaml:7: upstream.format: ',
    ],
    [
      'an upstream that is sent a key in the clear',
      {},
      ['upstream: { kind: x, url: "http://api.example" }'],
      'herd.yaml:7: upstream.url: must begin with https://, since an API key is sent',
    ],
    [
      'the same, of a service that may do without a key',
      {},
      ['upstream: { kind: twitter, url: "http://search.example", apiKeyEnv: KEY }'],
      'herd.yaml:7: upstream.url: must begin with https://, since an API key is sent',
    ],
    [
      'a key in the address of an upstream',
      {},
      ['upstream: { kind: twitter, url: "http://search.example/?key=1234" }'],
      'herd.yaml:7: upstream.url: must be a URL without user, query and fragment',
    ],
    [
      'a key in place of the name of its variable',
      {},
      ['upstream: { kind: x, apiKeyEnv: AAAA-1234 }'],
      'herd.yaml:7: upstream.apiKeyEnv: must be the name of an environment variable, not the API key itself',
    ],
    [
      'an upstream that wants to know whom to reach',
      {},
      ['upstream: { kind: wikipedia }'],
      'herd.yaml:7: upstream.contact: must be an e-mail address or a URL without spaces',
    ],
    [
      'a cost of what costs nothing',
      {},
      ['upstream: { kind: x, budget: { costPerDay: 5 } }'],
      'herd.yaml:7: upstream.budget: costPerDay requires costPerUnit',
    ],
    [
      'a setting that its upstream has not',
      {},
      ['upstream: { kind: sample, contact: me@example.org }'],
      'herd.yaml:7: upstream.contact: unknown key; ',
    ],
    ['a limit that is too small', {}, ['limits: { maxLineBytes: 10 }'], 'herd.yaml:7: limits.maxLineBytes: '],
    ['a log without a folder', {}, ['log: { dir: "" }'], 'herd.yaml:7: log.dir: '],
    ['a key that stands twice', {}, ['herd: again'], 'herd.yaml:7: '],
    ['brackets that do not match', { 6: '  Blake: [Metta' }, [], 'herd.yaml:6: '],
    [
      'aliases that multiply what stands in the file',
      {},
      [
        `a: &a [${'x, '.repeat(10)}x]`,
        `b: &b [${'*a, '.repeat(10)}*a]`,
        `c: &c [${'*b, '.repeat(10)}*b]`,
        `d: [${'*c, '.repeat(10)}*c]`,
      ],
      'herd.yaml: aliases (*name) expand to too much data',
    ],
    [
      'a name for a value that was never given',
      {},
      ['log: *where'],
      'herd.yaml:7: unknown alias *where: no anchor &where above it',
    ],
    [
      'a variable that is not set',
      {},
      ['log: { dir: "${NOT_SET}/logs" }'],
      'herd.yaml:7: environment variable NOT_SET is not set',
    ],
  ] as const) {
    it(`reports position and problem of ${name}`, () => {
      const problems = problemsOf(changes, more);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.satisfy(
        (found: string) => found.startsWith(problem),
        `${problems[0] ?? ''} begins ${problem}`,
      );
    });
  }

  for (const [name, text] of [
    ['empty', ''],
    ['a list', '[1, 2]'],
    ['a word', 'hello'],
    ['two documents', 'herd: one\n---\nherd: two\n'],
    ['without servers', 'herd: test\nservers: {}\n'],
  ] as const) {
    it(`rejects a file that is ${name}`, () => {
      expect(() => parseConfig('herd.yaml', text, {}))
        .to.throw(ConfigError)
        .with.property('message')
        .that.matches(/^herd\.yaml:\d+: /);
    });
  }

  const said: readonly (readonly [line: string, problem: string])[] = [
    ['replication: { kind: nast }', 'replication.kind: invalid value "nast"; did you mean nats?'],
    ['replication: { replicas: 2 }', 'replication.kind: is required; expected one of flood, nats'],
    ['replication: { kind: nats, servers: [a:1], replicas: 0 }', 'replication.replicas: must be at least 1'],
    [
      'replication: { kind: nats, servers: [a:1], replicas: some }',
      'replication.replicas: must be an integer from 1 to 64, or all',
    ],
    ['replication: { kind: nats, servers: [] }', 'replication.servers: must be a list of at least 1'],
    ['replication: { kind: nats, servers: a:1 }', 'replication.servers: must be a list, such as [a, b]'],
    ['replication: { kind: nats, servers: [a:1], user: "" }', 'replication.user: must not be empty'],
    ['peers: 5', 'peers: must be an object, such as { key: value }'],
    ['peers: { heartbeatMs: 9 }', 'peers.heartbeatMs: must be at least 10'],
    ['peers: { heartbeatMs: 1.5 }', 'peers.heartbeatMs: must be an integer'],
    ['log: {}', 'log.dir: is required; expected a string'],
    ['--- # and another', 'a second document begins here (---); only one per file is allowed'],
  ];
  for (const [line, problem] of said) {
    it(`describes the problem of ${line}`, () => {
      expect(problemsOf({}, [line])).to.deep.equal([`herd.yaml:7: ${problem}`]);
    });
  }

  it('rejects an empty file', () => {
    expect(() => parse([])).to.throw('herd.yaml:1: must be an object, such as { key: value }');
  });

  it('reports all problems at once', () => {
    expect(problemsOf({ 3: '  Blake: { port: 1.5, peerPort: 70000 }' }, ['colour: blue'])).to.have.lengthOf(3);
    expect(problemsOf({ 4: '  Metta: { port: 12000, peerPort: 12100 }', 6: '  Blake: [Nobody]' })).to.have.lengthOf(3);
  });

  it('rejects a missing file', () => {
    expect(() => loadConfig('/no/such/herd.yaml', {})).to.throw(
      ConfigError,
      '/no/such/herd.yaml cannot be read: there is no such file',
    );
  });

  it('substitutes environment variables in values, also within a text', () => {
    const config = parse([...good, 'log: { dir: "${BASE}/logs" }'], { BASE: '/var' });
    expect(config.log?.dir).to.equal('/var/logs');
  });

  it('tolerates unset variables that only NATS needs, and lists them', () => {
    const lines = ['herd: test', 'servers: { Blake: { port: 0, peerPort: 0 } }'];
    const user = 'user: "${NATS_USER}", password: "${NATS_PASSWORD}"';
    for (const text of [
      `replication: { kind: nats, servers: [a:1], ${user} }`,
      `bridge: { via: [Blake], name: b, servers: [a:1], ${user} }`,
    ]) {
      expect(parse([...lines, text], { NATS_USER: 'me' }).missingNatsVariables).to.deep.equal([
        'herd.yaml:3: environment variable NATS_PASSWORD is not set',
      ]);
      expect(parse([...lines, text], { NATS_USER: 'me', NATS_PASSWORD: 'x' }).missingNatsVariables).to.deep.equal([]);
    }
    // Numbers are required to be set.
    expect(() => parse([...lines, 'replication: { kind: nats, servers: [a:1], replicas: "${REPLICAS}" }']))
      .to.throw(ConfigError)
      .with.nested.property('problems[0]', 'herd.yaml:3: environment variable REPLICAS is not set');
  });

  it('parses an unquoted variable as an integer if its value is one', () => {
    const lines = (port: string) => ['herd: h', 'servers:', '  Solo:', `    port: ${port}`, '    peerPort: 2'];
    expect([...parse(lines('${PORT}'), { PORT: '12000' }).servers.values()][0]?.port).to.equal(12_000);
    for (const [port, value] of [
      ['${PORT}', '12000a'],
      ['"${PORT}"', '12000'],
      ['${PORT}', '65536'],
    ] as const) {
      expect(() => parse(lines(port), { PORT: value }), port).to.throw('herd.yaml:4: servers.Solo.port');
    }
  });

  it('does not parse values of variables as YAML', () => {
    const config = parse([...good, 'log: { dir: "${DIR}" }'], { DIR: 'a: [b, "c"] # ${BASE}' });
    expect(config.log?.dir).to.equal('a: [b, "c"] # ${BASE}');
  });

  it('accepts tokens only from the environment', () => {
    const environment = { CLIENTS: 'clients-clients-1', ADMIN: 'administration-1', PHONE: '1234567890123456' };
    const auth = (text: string) => () => parse([...good, `auth: ${text}`], environment).auth;
    const all = 'clientToken: "${CLIENTS}", adminToken: "${ADMIN}", deviceTokens: { "jane/phone": "${PHONE}" }';
    expect(auth(`{ ${all} }`)()).to.deep.equal({
      clientToken: environment.CLIENTS,
      adminToken: environment.ADMIN,
      deviceTokens: new Map([['jane/phone', environment.PHONE]]),
      allowedOrigins: new Set(),
    });
    for (const [text, problem] of [
      [
        '{ clientToken: written-in-the-file }',
        'auth.clientToken: must be an environment variable, such as ${HERD_TOKEN}, not a literal secret',
      ],
      ['{ clientToken: "more ${CLIENTS}" }', 'auth.clientToken: must be 16 to 256 printable ASCII characters'],
      [
        '{ clientToken: "x${CLIENTS}" }',
        'auth.clientToken: must be an environment variable, such as ${HERD_TOKEN}, not a literal secret',
      ],
      ['{ deviceTokens: { 7: written-in-the-file } }', 'auth.deviceTokens.7: must be an environment variable'],
      ['{ deviceTokens: { "two words": "${PHONE}" } }', 'auth.deviceTokens.two words: must be a client ID'],
      [
        '{ clientToken: "${CLIENTS}", adminToken: "${CLIENTS}" }',
        'auth.adminToken: must not be the same token as auth.clientToken',
      ],
    ] as const) {
      expect(auth(text), text).to.throw(ConfigError).with.property('message').that.contains(`:7: ${problem}`);
    }
    for (const short of ['', 'short', '123456789012345']) {
      const text = [...good, 'auth:', '  clientToken: ${TOKEN}'];
      expect(() => parse(text, { TOKEN: short }), short).to.throw('auth.clientToken: must be 16 to 256');
    }
  });

  it('accepts origins only as browsers send them', () => {
    const origins = (text: string) => parse([...good, `cors: { allowedOrigins: [${text}] }`], {}).auth.allowedOrigins;
    const right = ['https://map.example', 'http://localhost:3000', 'http://[::1]:8080'];
    expect([...origins(right.map((each) => JSON.stringify(each)).join())]).to.deep.equal(right);
    for (const wrong of [
      '*',
      'null',
      'map.example',
      'https://map.example/',
      'https://map.example:443',
      'ftp://a.example',
    ]) {
      expect(() => origins(JSON.stringify(wrong)), wrong).to.throw('cors.allowedOrigins.0: must be an origin');
    }
  });

  it('does not require tokens that a client does not send, but reports other problems', () => {
    const text = [
      ...good,
      'auth: { clientToken: "${A}", adminToken: "${B}", deviceTokens: { 7: "${C}" } }',
      'more: "${D}"',
    ];
    const missing = (use: ConfigUse) => {
      const parse = () => parseConfig('herd.yaml', text.join('\n'), {}, use);
      try {
        return parse().file;
      } catch (error) {
        return [...(error as Error).message.matchAll(/variable (\w) is not set/g)].map(([, name]) => name).join('');
      }
    };
    expect([missing('serve'), missing('http-client'), missing('line-client')]).to.deep.equal(['ABCD', 'AD', 'D']);
    const asking = parseConfig('herd.yaml', text.slice(0, -1).join('\n'), { A: 'token-of-all-clients' }, 'http-client');
    expect(asking.auth).to.deep.equal({
      clientToken: 'token-of-all-clients',
      adminToken: undefined,
      deviceTokens: new Map(),
      allowedOrigins: new Set(),
    });
  });

  it('ignores variables in comments', () => {
    expect(problemsOf({}, ['# ${NOT_SET}'])).to.deep.equal([]);
  });
});

describe('the bundled herds', () => {
  for (const [file, herd, edges] of [
    ['herd.yaml', 'twitter', ['Blake-Bryant', 'Blake-Howard', 'Bryant-Gasol', 'Bryant-Metta', 'Gasol-Howard']],
    ['examples/young.yaml', 'young', ['Farmer-Meeks', 'Farmer-Young', 'Gasol-Meeks', 'Gasol-Young', 'Hill-Meeks']],
    [
      'examples/places.yaml',
      'places',
      ['Alford-Parker', 'Alford-Powell', 'Bolden-Parker', 'Bolden-Powell', 'Hamilton-Parker'],
    ],
  ] as const) {
    it(`${file} is valid and has the expected links`, () => {
      const config = loadConfig(pathOf(file), {});
      expect(config.herd).to.equal(herd);
      const found = [...config.topology].flatMap(([one, others]) =>
        others.filter((other) => one < other).map((other) => `${one}-${other}`),
      );
      expect(found.sort()).to.deep.equal(edges);
    });
  }

  it('use no port twice, so that they can run at the same time', () => {
    const examples = ['young', 'places', 'bridge-coast', 'bridge-valley'].map((name) => `examples/${name}.yaml`);
    const ports = ['herd.yaml', ...examples].flatMap((file) =>
      [...loadConfig(pathOf(file), {}).servers.values()].flatMap(({ port, peerPort, httpPort }) => [
        port,
        peerPort,
        httpPort,
      ]),
    );
    expect(new Set(ports).size).to.equal(ports.length);
  });

  it('match the JSON Schema that `herd schema` prints', () => {
    expect(JSON.parse(readFileSync(pathOf('herd.schema.json'), 'utf8'))).to.deep.equal(herdJsonSchema());
  });
});
