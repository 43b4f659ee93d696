import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/runtime/config/load.js';
import { NatsBucket } from '../../src/runtime/nats/nats-bucket.js';
import type { NatsSettings } from '../../src/runtime/nats/nats-settings.js';
import { HerdInProcess } from '../support/herd-in-process.js';
import { runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

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
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: string[];
  readonly healthcheck: { readonly test: string[] };
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
    HERD_NAMESPACE: 'default',
    HERD_SECRET: 'a secret of this very test',
    NATS_PASSWORD: 'a password of this very test',
  };

  for (const herdFile of ['docker/herd.yaml', 'docker/herd.nats.yaml', 'kubernetes/herd.yaml']) {
    it(`have a herd.yaml that is right: ${herdFile}`, async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'herd-deploy-'));
      const file = join(deploy, herdFile);
      const { status, stdout, stderr } = await runCommand(['check', '--config', file], { cwd, env: environment });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.include('yaml is valid: herd twitter, 3 servers');
      await rm(cwd, { recursive: true });
    });
  }

  for (const [composeFile, herdFile] of [
    ['compose.yaml', 'herd.yaml'],
    ['compose.nats.yaml', 'herd.nats.yaml'],
  ] as const) {
    it(`compose a container for each server, at its host, asked for its health there, and watched by Prometheus: ${composeFile}`, async () => {
      const { servers } = loadConfig(join(deploy, 'docker', herdFile), environment);
      const { services } = parse(await read('docker', composeFile), { merge: true }) as {
        services: Readonly<Record<string, Container>>;
      };
      const containers = Object.entries(services).filter(([name]) => !['prometheus', 'nats'].includes(name));
      expect(containers.map(([name]) => name)).to.deep.equal([...servers.values()].map(({ host }) => host));
      for (const [name, { host, port, httpPort }] of servers) {
        const container = services[host]!;
        expect(container.command).to.deep.equal(['start', '--config', '/etc/herd/herd.yaml', name]);
        expect(container.environment['HERD_HEALTH_URL']).to.equal(`http://${host}:${httpPort ?? 0}/healthz`);
        expect(container.volumes[0]).to.equal(`./${herdFile}:/etc/herd/herd.yaml:ro`);
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
  }

  it('compose a nats-server where herd.yaml names it, whose health is asked for and whose store stays', async () => {
    const { replication } = loadConfig(join(deploy, 'docker', 'herd.nats.yaml'), environment);
    const configuration = await read('docker', 'nats.conf');
    const { services } = parse(await read('docker', 'compose.nats.yaml'), { merge: true }) as {
      services: Readonly<Record<string, NatsContainer>>;
    };
    expect(replication).to.include({ kind: 'nats' });
    const port = /^listen: 0\.0\.0\.0:(\d+)$/m.exec(configuration)?.[1] ?? '';
    expect(replication.kind === 'nats' && replication.servers).to.deep.equal([`nats:${port}`]);
    const { image, volumes, healthcheck } = services['nats']!;
    expect(image).to.match(/^nats:2\.\d+-alpine$/);
    expect(volumes).to.deep.equal(['./nats.conf:/etc/nats/nats.conf:ro', 'nats:/data']);
    expect(configuration).to.match(/^ {2}store_dir: \/data$/m);
    const monitored = /^http: (\S+)$/m.exec(configuration)?.[1] ?? '';
    expect(healthcheck.test.at(-1)).to.equal(`http://${monitored}/healthz`);
  });

  it('have a pod for each server, with its name and ports, and ask for its health where it tells of it', async () => {
    const { servers } = loadConfig(join(deploy, 'kubernetes', 'herd.yaml'), environment);
    const { kind, metadata, spec } = parse(await read('kubernetes', 'stateful-set.yaml')) as StatefulSet;
    expect(kind).to.equal('StatefulSet');
    const pods = Array.from({ length: spec.replicas }, (_, index) => `${metadata.name}-${index}`);
    expect([...servers.keys()]).to.deep.equal(pods);
    expect(spec.selector.matchLabels).to.deep.equal(spec.template.metadata.labels);
    const [container] = spec.template.spec.containers;
    for (const [name, address] of servers) {
      expect(address.host).to.equal(`${name}.${spec.serviceName}.default.svc.cluster.local`);
      expect(container?.ports.map(({ containerPort }) => containerPort)).to.deep.equal([
        address.port,
        address.peerPort,
        address.httpPort,
      ]);
    }
    const { version } = JSON.parse(await read('..', 'package.json')) as { version: string };
    expect(container?.image).to.equal(`herd:${version}`);
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet.path)).to.deep.equal(['/healthz', '/healthz', '/readyz']);
    for (const probe of probes) expect(container?.ports.map(({ name }) => name)).to.include(probe?.httpGet.port);
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
    expect(kinds).to.deep.equal(['Service', 'Service', 'StatefulSet', 'PodDisruptionBudget']);
  });
});

describeWithNats('the nats-server for containers', function () {
  this.timeout(2 * defaultTimeoutMs);
  // A password that nats-server would read as a number, if it did not come in quotes.
  const password = '12345';
  let nats: NatsServer;
  let herd: HerdInProcess;

  before(async () => {
    const { services } = parse(await read('docker', 'compose.nats.yaml'), { merge: true }) as {
      services: Readonly<Record<string, NatsContainer>>;
    };
    const given = services['nats']!.environment['NATS_PASSWORD']!.replace('${NATS_PASSWORD:?set it}', password);
    const configuration = await read('docker', 'nats.conf');
    const users = configuration.slice(configuration.indexOf('authorization {')).replace('$NATS_PASSWORD', given);
    nats = await NatsServer.start(users.split('\n'));
  });
  after(async () => {
    await herd.stop();
    await nats.stop();
  });

  /** What herd.yaml says of NATS, if that is the password; but where it runs here. */
  function settingsWith(NATS_PASSWORD: string): NatsSettings {
    const { replication } = loadConfig(join(deploy, 'docker', 'herd.nats.yaml'), { NATS_PASSWORD });
    if (replication.kind !== 'nats') throw new Error('the herd does not spread by NATS');
    return { ...replication, servers: [nats.address] };
  }

  it('lets a herd in that has the password, with all rights that it needs', async () => {
    const settings = settingsWith(password);
    herd = new HerdInProcess({ links: ['Blake-Bryant'], bucketOf: (server) => new NatsBucket(settings, server) });
    await herd.start();
    await herd.waitForAgreement(await herd.report('Blake', 'kiwi', 1_700_000_000));
    // What conflicts is read from the bucket: a right of its own.
    await Promise.all(['Blake', 'Bryant'].map((server) => herd.report(server, 'plum', 1_700_000_000)));
    await herd.waitForAgreement(await herd.report('Bryant', 'plum', 1_700_000_001));
  });

  it('lets nobody else in', async () => {
    let reason = '';
    const session = new NatsBucket(settingsWith('another'), 'Metta').open(
      {
        opened: () => undefined,
        changed: () => undefined,
        loaded: () => (reason = 'let in'),
        warned: () => undefined,
        closed: (_, why) => (reason = why),
      },
      'everything',
    );
    expect(await eventually('it is let in or not', () => reason || undefined)).to.match(/NATS authentication failed/);
    session.close();
  });
});
