import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/runtime/config/load.js';
import { run } from '../support/command.js';
import { patienceMs } from '../support/eventually.js';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (...path: string[]) => readFile(join(deploy, ...path), 'utf8');

interface Container {
  readonly command: string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only: boolean;
  readonly ports: string[];
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
  this.timeout(2 * patienceMs);
  const environment = { HERD_NAMESPACE: 'default', HERD_SECRET: 'a secret of this very test' };

  for (const where of ['docker', 'kubernetes']) {
    it(`have a herd.yaml that is right: ${where}`, async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'herd-deploy-'));
      const file = join(deploy, where, 'herd.yaml');
      const { status, stdout, stderr } = await run(['check', '--config', file], { cwd, env: environment });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.include('herd.yaml is right: herd twitter, 3 servers');
      await rm(cwd, { recursive: true });
    });
  }

  it('compose a container for each server, at its host, asked for its health there, and watched by Prometheus', async () => {
    const { servers } = loadConfig(join(deploy, 'docker', 'herd.yaml'), environment);
    const { services } = parse(await read('docker', 'compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, Container>>;
    };
    const containers = Object.entries(services).filter(([name]) => name !== 'prometheus');
    expect(containers.map(([name]) => name)).to.deep.equal([...servers.values()].map(({ host }) => host));
    for (const [name, { host, port, httpPort }] of servers) {
      const container = services[host]!;
      expect(container.command).to.deep.equal(['start', '--config', '/etc/herd/herd.yaml', name]);
      expect(container.environment['HERD_HEALTH_URL']).to.equal(`http://${host}:${httpPort ?? 0}/healthz`);
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
