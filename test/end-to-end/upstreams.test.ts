import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { killCommands, HerdCommand, runCommand } from '../support/command.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile, type HerdFile } from '../support/herd-file.js';
import { EventStream } from '../support/event-stream.js';
import {
  validKey,
  googlePlacesLegacyService,
  googlePlacesService,
  twitterService,
  xService,
} from '../upstreams/services.js';
import { UpstreamService, type ServiceReply, type ServiceRequest } from '../upstreams/upstream-service.js';

const place = '+34.068930-118.445127';

describe('a herd with an upstream of its own', function () {
  this.timeout(3 * defaultTimeoutMs);
  let service: UpstreamService;
  let file: HerdFile;

  afterEach(async () => {
    await killCommands();
    await service.stop();
    await rm(file.folder, { recursive: true });
  });

  /** A herd.yaml of one server with an upstream; the others go without a service of theirs. */
  async function write(reply: ConstructorParameters<typeof UpstreamService>[0], upstream: object): Promise<void> {
    service = new UpstreamService(reply);
    await service.start();
    file = await writeHerdFile({ servers: ['Solo'], hasLogs: true, hasHttp: true });
    file.editServerConfig('Solo', (document) =>
      Object.assign(document, { upstream: { url: service.url, ...upstream } }),
    );
  }

  function command(args: readonly string[], env: Record<string, string> = {}): HerdCommand {
    return new HerdCommand([...args, '--config', file.serverConfigPath('Solo') ?? ''], { cwd: file.folder, env });
  }

  /** What a client gets, of everything that it may ask for. */
  async function converse(): Promise<string> {
    const herd = new Herd('one process', file);
    return herd.sendAll('Solo', `IAMAT kiwi ${place} 1\nWHATSAT kiwi 10 2\nWHATSAT kiwi 9 2\nnonsense\n`);
  }

  /** Every byte that is in a folder. */
  function everything(folder: string): string {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'latin1'))
      .join('\n');
  }

  const forms = [validKey, encodeURIComponent(validKey), Buffer.from(validKey).toString('base64')];

  /** Every kind that is sent a key: how the service sees it, and where the herd has it from. */
  const keyed = [
    ['x', xService, 'X_BEARER_TOKEN', ({ headers }) => headers.authorization],
    ['google-places', googlePlacesService, 'GOOGLE_PLACES_KEY', ({ headers }) => headers['x-goog-api-key']],
    ['google-places-legacy', googlePlacesLegacyService, 'GOOGLE_PLACES_KEY', ({ query }) => query.get('key')],
    ['twitter', twitterService, 'SEARCH_KEY', ({ headers }) => headers.authorization],
  ] as const satisfies [string, unknown, string, (request: ServiceRequest) => unknown][];

  for (const [kind, reply, variable, keySeen] of keyed) {
    it(`[UP15] has its key nowhere but at the upstream, whatever goes wrong: ${kind}`, () =>
      keepsItsKey(['start'], kind, reply, variable, keySeen));
  }

  it('[UP15] has its key nowhere but at the upstream, whatever goes wrong, in processes', () =>
    keepsItsKey(['start', '--processes'], ...keyed[2]));

  async function keepsItsKey(
    args: readonly string[],
    kind: string,
    reply: (request: ServiceRequest) => ServiceReply,
    variable: string,
    keySeen: (request: ServiceRequest) => unknown,
  ): Promise<void> {
    await write(reply, { kind, apiKeyEnv: variable, cacheTtlSeconds: 0 });
    const herd = command(args, { [variable]: validKey });
    await herd.waitForOutput('Ready in');
    const web = `http://127.0.0.1:${file.httpPortOf('Solo')}`;
    const events = await EventStream.open(`${web}/api/events`);
    let heard = await converse();
    expect(heard).to.match(/"results":\[\{/);
    expect(service.requests.map(keySeen).join()).to.include(validKey);
    for (const answer of ['redirect', 'echo', 'page', 'broken off', 'down'] as const) {
      service.override = (response, request) => {
        const error_message = `${request.url ?? ''} ${validKey}`;
        const echo = { status: 'REQUEST_DENIED', error_message, title: validKey, error: { message: validKey } };
        if (answer === 'redirect') response.writeHead(302, { location: request.url ?? '' }).end();
        else if (answer === 'echo') response.end(JSON.stringify(echo));
        else if (answer === 'page') response.writeHead(500).end(`<html>${validKey}`);
        else if (answer === 'broken off')
          response.writeHead(200, { 'content-length': 99 }).write(validKey, () => response.destroy());
        else response.destroy();
      };
      heard += await converse();
    }
    await events.waitFor('upstream-breaker', ({ state }: { state: string }) => state === 'open');
    heard += JSON.stringify(events.events);
    for (const page of ['/metrics', '/api/herd', '/api/clients/kiwi/near'])
      heard += await (await fetch(web + page)).text();
    expect(heard).to.match(/herd_upstream_attempts_total\{outcome="failed",[^}]*\} [1-9]/);
    events.close();
    herd.signal('SIGTERM');
    expect((await herd.waitForExit()).status).to.equal(0);
    const written = heard + herd.stdout + herd.stderr + everything(file.folder);
    expect(written, 'the log is there')
      .to.match(/upstream request failed/)
      .and.to.match(/upstream breaker open/);
    for (const form of forms) expect(written).to.not.include(form);
  }

  it('says what is missing when it has no key, or one that is none, and does not start', async () => {
    await write(xService, { kind: 'x' });
    const config = ['--config', file.serverConfigPath('Solo') ?? ''];
    for (const args of [['check'], ['start', '--processes']]) {
      const { status, stderr } = await runCommand([...args, ...config], {
        cwd: file.folder,
        env: { X_BEARER_TOKEN: '' },
      });
      expect(status, args.join(' ')).to.equal(2);
      expect(stderr).to.match(/the upstream x needs a key: set the environment variable X_BEARER_TOKEN/);
    }
    const broken = await runCommand(['check', ...config], {
      cwd: file.folder,
      env: { X_BEARER_TOKEN: 'a secret of two lines\nx' },
    });
    expect(broken.stderr)
      .to.match(/X_BEARER_TOKEN is not a valid key/)
      .and.to.not.include('secret');
  });

  it('[UP14] asks no more than its budget, and says so once', async () => {
    await write(xService, { kind: 'x', budget: { requestsPerMinute: 1 } });
    const herd = command(['start'], { X_BEARER_TOKEN: validKey });
    await herd.waitForOutput('Ready in');
    const heard = (await converse()) + (await converse());
    expect(heard)
      .to.match(/"results":\[\{/)
      .and.to.match(/"error":"upstream budget exhausted/);
    expect(service.requests).to.have.lengthOf(1);
    herd.signal('SIGTERM');
    await herd.waitForExit();
    expect(
      everything(join(file.folder, 'logs')).match(/ upstream budget exhausted: requestsPerMinute/g),
    ).to.have.lengthOf(
      // In the log, and in the error log.
      2,
    );
  });

  it('records what it is answered, without the key, and plays it back without the upstream', async () => {
    await write(xService, { kind: 'x', budget: { requestsPerMinute: 10 } });
    const keyless = await runCommand(
      ['start', '--record', 'answers.jsonl', '--config', file.serverConfigPath('Solo') ?? ''],
      {
        cwd: file.folder,
        env: { X_BEARER_TOKEN: '' },
      },
    );
    expect(keyless.stderr).to.match(/needs a key/);
    expect(existsSync(join(file.folder, 'answers.jsonl')), 'nothing is left in the way of the next start').to.equal(
      false,
    );
    const herd = command(['start', '--record', 'answers.jsonl'], { X_BEARER_TOKEN: validKey });
    await herd.waitForOutput('Ready in');
    let heard = await converse();
    service.override = (response) => response.destroy();
    const broken = 'WHATSAT kiwi 7 2\n';
    heard += await new Herd('one process', file).sendAll('Solo', broken);
    expect(heard).to.match(/\{"error":"the upstream cannot be reached \(\w+\)"\}/);
    herd.signal('SIGTERM');
    expect((await herd.waitForExit()).status).to.equal(0);
    expect(herd.stdout).to.match(/5 answers recorded in answers\.jsonl/);
    const recording = readFileSync(join(file.folder, 'answers.jsonl'), 'utf8');
    // The head, two answers, and three attempts in vain.
    expect(recording.trimEnd().split('\n')).to.have.lengthOf(6);
    expect(recording).to.not.include(validKey);
    const second = await runCommand(
      ['start', '--record', 'answers.jsonl', '--config', file.serverConfigPath('Solo') ?? ''],
      {
        cwd: file.folder,
        env: { X_BEARER_TOKEN: validKey },
      },
    );
    expect(second.stderr).to.match(/answers\.jsonl already exists/);

    service.requests.length = 0;
    file.editServerConfig('Solo', (document) =>
      Object.assign(document, { upstream: { kind: 'replay', file: 'answers.jsonl' } }),
    );
    const replayed = command(['start']);
    await replayed.waitForOutput('Ready in');
    const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('{'));
    const again = (await converse()) + (await new Herd('one process', file).sendAll('Solo', broken));
    expect(lines(again)).to.deep.equal(lines(heard));
    const other = await new Herd('one process', file).sendAll('Solo', 'WHATSAT kiwi 8 2\n');
    expect(other).to.match(/\{"error":"Nothing was recorded for this place, radius and count\."\}/);
    expect(service.requests).to.deep.equal([]);
    replayed.signal('SIGTERM');
    await replayed.waitForExit();
    writeFileSync(join(file.folder, 'answers.jsonl'), 'nonsense\n');
    const damaged = await runCommand(['check', '--config', file.serverConfigPath('Solo') ?? ''], { cwd: file.folder });
    expect(damaged.stderr).to.match(/answers\.jsonl cannot be replayed: line 1: invalid JSON/);
  });
});
