import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/runtime/config/load.js';
import { connect, startHerd, type RunningHerd } from '../../src/library/index.js';
import { NatsPubSub } from '../../src/runtime/nats/nats-pub-sub.js';
import { runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';
import { natsSettings } from '../support/nats-settings.js';
import { RecordedSession } from '../support/recorded-session.js';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (...path: string[]) => readFile(join(deploy, ...path), 'utf8');

interface Container {
  readonly command: string[];
  readonly volumes: string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only: boolean;
  readonly ports: string[];
}

interface NatsContainer {
  readonly image: string;
  readonly command: string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: string[];
  readonly healthcheck: { readonly test: string[] };
}

interface HerdContainer {
  readonly deploy: { readonly replicas: number };
  readonly entrypoint: string[];
  readonly ports: string[];
  readonly volumes: string[];
  readonly read_only: boolean;
}

interface Port {
  readonly name: string;
  readonly containerPort: number;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface StatefulSet {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly selector: { readonly matchLabels: unknown };
    readonly template: {
      readonly metadata: { readonly labels: unknown };
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly args: readonly string[];
          readonly ports: readonly Port[];
          readonly startupProbe: Probe;
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
        }[];
      };
    };
  };
}

describe('the files for containers', function () {
  this.timeout(2 * defaultTimeoutMs);
  const environment = {
    HERD_SECRET: 'a secret of this very test',
    NATS_PASSWORD: 'a password of this very test',
  };

  for (const [herdFile, servers] of [
    ['docker/herd.yaml', '3 servers'],
    ['docker/herd.nats.yaml', 'any other by its name'],
    ['kubernetes/herd.yaml', 'any other by its name'],
  ] as const) {
    it(`have a herd.yaml that is right: ${herdFile}`, async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'herd-deploy-'));
      const file = join(deploy, herdFile);
      const { status, stdout, stderr } = await runCommand(['check', '--config', file], { cwd, env: environment });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.include('yaml is valid: herd twitter, ').and.include(servers);
      await rm(cwd, { recursive: true });
    });
  }

  it('compose a container for each server, at its host, whose health is checked there, and which Prometheus scrapes', async () => {
    const { servers } = loadConfig(join(deploy, 'docker', 'herd.yaml'), environment);
    const { services } = parse(await read('docker', 'compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, Container>>;
    };
    const containers = Object.keys(services).filter((name) => name !== 'prometheus');
    expect(containers).to.deep.equal([...servers.values()].map(({ host }) => host));
    for (const [name, { host, port, httpPort }] of servers) {
      const container = services[host]!;
      expect(container.command).to.deep.equal(['start', '--config', '/etc/herd/herd.yaml', name]);
      expect(container.environment['HERD_HEALTH_URL']).to.equal(`http://${host}:${httpPort ?? 0}/healthz`);
      expect(container.volumes[0]).to.equal('./herd.yaml:/etc/herd/herd.yaml:ro');
      expect(container.ports.map((each) => Number(each.split(':')[1]))).to.deep.equal([port, httpPort]);
      expect(container.read_only).to.equal(true);
    }
    const { scrape_configs } = parse(await read('docker', 'prometheus.yaml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    expect(scrape_configs[0]?.static_configs[0]?.targets).to.deep.equal(
      [...servers.values()].map(({ host, httpPort }) => `${host}:${httpPort ?? 0}`),
    );
  });

  it('compose six servers of one entry of herd.yaml, each by its host name, with a range of ports for more', async () => {
    const { host, port, httpPort } = await readUnlisted('docker/herd.nats.yaml');
    const { herd } = await readNatsServices();
    expect(herd.deploy.replicas).to.equal(6);
    expect(herd.entrypoint).to.deep.equal(['sh', '-c', 'exec herd start --config /etc/herd/herd.yaml "$$HOSTNAME"']);
    expect(herd.volumes).to.deep.equal(['./herd.nats.yaml:/etc/herd/herd.yaml:ro']);
    expect(herd.read_only).to.equal(true);
    expect(host).to.equal('0.0.0.0');
    expect(herd.ports.map((each) => Number(each.split(':')[1]))).to.deep.equal([port, httpPort]);
    for (const each of herd.ports) {
      const [first = 0, last = 0] = each.split(':')[0]!.split('-').map(Number);
      expect(last - first + 1).to.be.at.least(herd.deploy.replicas);
    }
    // The health check of the image is at 127.0.0.1.
    expect(await read('docker', 'Dockerfile')).to.include(`HERD_HEALTH_URL=http://127.0.0.1:${httpPort}/healthz`);
    expect(await read('docker', 'prometheus.nats.yaml')).to.include(`names: [herd], type: A, port: ${httpPort}`);
  });

  it('compose nats-servers where herd.yaml names them, with routes to each other, whose health is checked', async () => {
    const configuration = await read('docker', 'nats.conf');
    const { herd, ...others } = await readNatsServices();
    expect(herd).to.be.an('object');
    const port = /^listen: 0\.0\.0\.0:(\d+)$/m.exec(configuration)?.[1] ?? '';
    const routePort = /^ {2}listen: 0\.0\.0\.0:(\d+)$/m.exec(configuration)?.[1] ?? '';
    const names = Object.keys(others).filter((name) => name !== 'prometheus');
    expect(readNatsAddresses('docker/herd.nats.yaml')).to.deep.equal(names.map((name) => `${name}:${port}`));
    const routes = names.map((name) => `nats://route:\${NATS_PASSWORD}@${name}:${routePort}`).join(',');
    const monitored = /^http: (\S+)$/m.exec(configuration)?.[1] ?? '';
    for (const name of names) {
      const { image, command, volumes, healthcheck } = others[name]!;
      expect(image).to.match(/^nats:2\.\d+-alpine$/);
      expect(command).to.deep.equal(['--config', '/etc/nats/nats.conf', '--name', name, '--routes', routes]);
      expect(volumes).to.deep.equal(['./nats.conf:/etc/nats/nats.conf:ro']);
      expect(healthcheck.test.at(-1)).to.equal(`http://${monitored}/healthz`);
    }
  });

  it('have a pod for each server, by its name, with the ports of herd.yaml, and probes where it serves them', async () => {
    const { port, httpPort } = await readUnlisted('kubernetes/herd.yaml');
    const { kind, metadata, spec } = parse(await read('kubernetes', 'stateful-set.yaml')) as StatefulSet;
    expect(kind).to.equal('StatefulSet');
    expect(spec.replicas).to.equal(6);
    expect(spec.serviceName).to.equal(metadata.name);
    expect(spec.selector.matchLabels).to.deep.equal(spec.template.metadata.labels);
    const [container] = spec.template.spec.containers;
    expect(container?.args).to.deep.equal(['start', '--config', '/etc/herd/herd.yaml', '$(POD_NAME)']);
    expect(container?.ports.map(({ containerPort }) => containerPort)).to.deep.equal([port, httpPort]);
    const { version } = JSON.parse(await read('..', 'package.json')) as { version: string };
    expect(container?.image).to.equal(`herd:${version}`);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet.path)).to.deep.equal(['/healthz', '/healthz', '/readyz']);
    for (const probe of probes) expect(container?.ports.map(({ name }) => name)).to.include(probe?.httpGet.port);
  });

  it('have pods of nats-servers where herd.yaml names them, with routes to each other', async () => {
    const [service, statefulSet] = parseAllDocuments(await read('kubernetes', 'nats.yaml')).map(
      (document) => document.toJS() as StatefulSet,
    );
    const { metadata, spec } = statefulSet!;
    expect(spec.serviceName).to.equal(service?.metadata.name);
    expect(spec.selector.matchLabels).to.deep.equal(spec.template.metadata.labels);
    const hosts = Array.from({ length: spec.replicas }, (_, index) => `${metadata.name}-${index}.${spec.serviceName}`);
    const [container] = spec.template.spec.containers;
    const portOf = (name: string) => container?.ports.find((each) => each.name === name)?.containerPort ?? 0;
    expect(readNatsAddresses('kubernetes/herd.yaml')).to.deep.equal(
      hosts.map((host) => `${host}:${portOf('clients')}`),
    );
    const routes = hosts.map((host) => `nats://route:$(NATS_PASSWORD)@${host}:${portOf('routes')}`);
    expect(container?.args).to.include(`--routes=${routes.join(',')}`);
    const configuration = await read('kubernetes', 'nats.conf');
    const listened = [...configuration.matchAll(/^ *(?:listen|http): 0\.0\.0\.0:(\d+)$/gm)].map(([, port]) =>
      Number(port),
    );
    expect(listened).to.have.members(container?.ports.map(({ containerPort }) => containerPort) ?? []);
  });

  it('give users of NATS the rights of one herd, and the same in both', async () => {
    const rights = 'permissions: { publish: "herd.twitter.>", subscribe: "herd.twitter.>" }';
    for (const file of ['docker/nats.conf', 'kubernetes/nats.conf']) expect(await read(file), file).to.include(rights);
  });

  it('are YAML, each of them, and Kustomize names those that there are', async () => {
    const { resources } = parse(await read('kubernetes', 'kustomization.yaml')) as { resources: string[] };
    const kinds: string[] = [];
    for (const resource of resources) {
      for (const document of parseAllDocuments(await read('kubernetes', resource))) {
        expect(document.errors).to.deep.equal([]);
        kinds.push((document.toJS() as { kind: string }).kind);
      }
    }
    const expected = ['Service', 'StatefulSet', 'Service', 'Service', 'StatefulSet'];
    expect(kinds).to.deep.equal([...expected, 'PodDisruptionBudget', 'PodDisruptionBudget']);
  });

  async function readNatsServices() {
    const { services } = parse(await read('docker', 'compose.nats.yaml'), { merge: true }) as {
      services: { readonly herd: HerdContainer } & Readonly<Record<string, NatsContainer>>;
    };
    return services;
  }

  /** The entry of herd.yaml for servers that are not listed. */
  async function readUnlisted(path: string): Promise<{ host: string; port: number; httpPort: number }> {
    const { servers } = parse(await read(path)) as {
      servers: Record<string, { host: string; port: number; httpPort: number }>;
    };
    expect(Object.keys(servers)).to.deep.equal(['*']);
    return servers['*']!;
  }

  function readNatsAddresses(path: string): readonly string[] {
    const { replication } = loadConfig(join(deploy, path), environment);
    return replication.kind === 'nats' ? replication.servers : [];
  }
});

describeWithNats('the nats-server for containers', function () {
  this.timeout(2 * defaultTimeoutMs);
  // A password that nats-server would read as a number, if it did not come in quotes.
  const password = '12345';
  let nats: NatsServer;
  let herd: RunningHerd | undefined;

  before(async () => {
    const { services } = parse(await read('docker', 'compose.nats.yaml'), { merge: true }) as {
      services: Readonly<Record<string, NatsContainer>>;
    };
    const given = services['nats-1']!.environment['NATS_PASSWORD']!.replace('${NATS_PASSWORD:?set it}', password);
    const configuration = await read('docker', 'nats.conf');
    const users = configuration.slice(configuration.indexOf('\nauthorization {')).replace('$NATS_PASSWORD', given);
    nats = await NatsServer.start(users.split('\n'));
  });
  afterEach(async () => {
    await herd?.stop();
    herd = undefined;
  });
  after(() => nats.stop());

  /** Starts two servers with the herd.yaml of the containers, but on this machine. */
  async function start(given: string): Promise<RunningHerd> {
    const config = parse(await read('docker', 'herd.nats.yaml')) as { replication: object };
    const address = { port: 0, httpPort: 0 };
    herd = await startHerd({
      config: {
        ...config,
        servers: { Blake: address, Bryant: address },
        replication: { ...config.replication, servers: [nats.address], password: given },
        peers: { heartbeatMs: 200 },
      } as never,
    });
    return herd;
  }

  it('lets a herd in that has the password, with all rights that it needs', async () => {
    const { servers } = await start(password);
    const [blake, bryant] = await Promise.all(['Blake', 'Bryant'].map((name) => connect(servers.get(name)!)));
    await blake!.report('kiwi', { latitude: 34, longitude: -118 });
    await eventually('Bryant knows kiwi', () => bryant!.nearby('kiwi', 0, 0));
    await eventually('both hold all partitions', async () => (await stateOf(servers.get('Bryant')!)) === 'live');
    blake!.close();
    bryant!.close();
  });

  it('lets nobody else in', async () => {
    const credentials = { kind: 'user', user: 'herd', password: 'another' } as const;
    const recorded = new RecordedSession(new NatsPubSub(natsSettings([nats.address], { credentials }), 'Metta'));
    expect(await recorded.outcome()).to.match(/NATS authentication failed/);
    recorded.session.close();
  });
});

interface HttpAddress {
  readonly host: string;
  readonly httpPort?: number | undefined;
}

async function stateOf({ host, httpPort = 0 }: HttpAddress): Promise<string> {
  const response = await fetch(`http://${host}:${httpPort}/api/herd`);
  return ((await response.json()) as { nats: { state: string } }).nats.state;
}
