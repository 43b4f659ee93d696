import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { HerdResponse } from '../../../../src/runtime/http/api/api-types.js';
import { eventually } from '../../../support/eventually.js';
import { HerdInProcess } from '../../../support/herd-in-process.js';

describe('the health routes', () => {
  const herd = new HerdInProcess({ links: ['Blake-Bryant'], hasHttp: true });

  before(() => herd.start());
  after(() => herd.stop());

  async function metrics(server: string): Promise<Map<string, number>> {
    const page = await fetch(herd.url(server, '/metrics'));
    expect(page.headers.get('content-type')).to.contain('text/plain; version=0.0.4');
    const lines = (await page.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(' ');
        // Every sample has the labels of herd and server.
        expect(line).to.contain(`herd="test",server="${server}"`);
        return [
          line
            .slice(0, end)
            .replace(/,?herd="test",server="\w+"/, '')
            .replace('{}', ''),
          Number(line.slice(end)),
        ];
      }),
    );
  }

  it('serves liveness, and readiness once the server has caught up', async () => {
    expect(await (await fetch(herd.url('Blake', '/healthz'))).text()).to.equal('ok\n');
    expect(await (await fetch(herd.url('Blake', '/readyz'))).text()).to.equal('ready\n');
    // The link is live, and sends no heartbeat meanwhile.
    const link = { kind: 'link', neighbour: 'Bryant' as never, reason: '', retryInMs: 0 } as const;
    herd.bus('Blake').publish({ ...link, state: 'catching-up' });
    const busy = await fetch(herd.url('Blake', '/readyz'));
    expect([busy.status, await busy.text()]).to.deep.equal([503, 'not ready: catching up with Bryant\n']);
    herd.bus('Blake').publish({ ...link, state: 'live' });
    await herd.stopServer('Bryant');
    try {
      // An unreachable neighbour does not prevent readiness.
      expect((await fetch(herd.url('Blake', '/readyz'))).status).to.equal(200);
      herd.bus('Blake').publish({ ...link, state: 'connecting' });
      expect((await fetch(herd.url('Blake', '/readyz'))).status).to.equal(200);
    } finally {
      await herd.startServer('Bryant');
    }
    const isLive = 'herd_link_state{neighbour="Bryant",state="live"}';
    await eventually('they are linked again', async () => (await metrics('Blake')).get(isLive) === 1);
  });

  it('counts commands by kind and outcome, link traffic, and duplicates', async () => {
    const client = await herd.client('Blake');
    await client.request('IAMAT kiwi +34-118 100');
    for (const line of ['IAMAT kiwi', 'WHATSAT kiwi', 'nonsense']) await client.request(line);
    await client.request('WHATSAT kiwi 10 1');
    await client.line();
    await herd.waitForAgreement(await client.request('IAMAT kiwi +34-118 101'));
    const blake = await metrics('Blake');
    expect(blake.get('herd_commands_total{kind="IAMAT",outcome="answered"}')).to.equal(2);
    expect(blake.get('herd_commands_total{kind="IAMAT",outcome="invalid"}')).to.equal(1);
    expect(blake.get('herd_commands_total{kind="WHATSAT",outcome="invalid"}')).to.equal(1);
    expect(blake.get('herd_commands_total{kind="other",outcome="invalid"}')).to.equal(1);
    expect(blake.get('herd_command_duration_seconds_count{kind="IAMAT"}')).to.equal(2);
    expect(blake.get('herd_command_duration_seconds_count{kind="WHATSAT"}')).to.be.at.least(1);
    const calls = blake.get('herd_upstream_attempts_total{outcome="answered"}');
    expect(calls).to.be.at.least(1);
    expect(blake.get('herd_upstream_attempt_duration_seconds_count')).to.equal(calls);
    expect(blake.get('herd_upstream_requests_total{outcome="answered"}')).to.equal(calls);
    expect(blake.has('herd_upstream_requests_total{outcome="cached"}')).to.equal(true);
    for (const outcome of ['rejected', 'rate_limited', 'malformed', 'failed']) {
      expect(blake.get(`herd_upstream_attempts_total{outcome="${outcome}"}`), outcome).to.equal(0);
    }
    for (const outcome of ['coalesced', 'failed', 'circuit_open', 'over_budget', 'queue_full']) {
      expect(blake.get(`herd_upstream_requests_total{outcome="${outcome}"}`), outcome).to.equal(0);
    }
    expect(blake.get('herd_upstream_breaker_state{state="closed"}')).to.equal(1);
    expect(blake.get('herd_link_state{neighbour="Bryant",state="live"}')).to.equal(1);
    expect(blake.get('herd_connections')).to.equal(1);
    expect(blake.get('herd_locations')).to.equal(1);
    const bryant = await metrics('Bryant');
    expect(bryant.get('herd_link_learned_total{neighbour="Blake"}')).to.equal(2);
    expect(bryant.get('herd_link_duplicates_total{neighbour="Blake"}')).to.equal(0);
    expect(bryant.get('herd_propagation_delay_seconds_count')).to.be.at.least(1);
    expect(bryant.get('herd_propagation_delay_seconds_sum')).to.be.within(0, 20);
    expect(bryant.get('herd_link_bytes_total{neighbour="Blake",direction="in"}')).to.be.above(100);
    herd.bus('Bryant').publish({ kind: 'conflated', neighbour: 'Blake' as never, count: 3 });
    expect((await metrics('Bryant')).get('herd_link_conflated_total{neighbour="Blake"}')).to.equal(3);
  });

  it('is not ready before the partitions are filled, and degraded while NATS is lost', async () => {
    const get = async (path: string) => {
      const response = await fetch(herd.url('Bryant', path));
      return [response.status, await response.text()];
    };
    const bus = herd.bus('Bryant');
    bus.publish({ kind: 'nats', state: 'joining', reason: '', retryInMs: 0 });
    bus.publish({ kind: 'partitions', complete: 12, filling: 52, leaving: 0, short: 0 });
    expect(await get('/readyz')).to.deep.equal([503, 'not ready: filling partitions: 12 of 64 complete\n']);
    bus.publish({ kind: 'nats', state: 'live', reason: '', retryInMs: 0 });
    expect(await get('/readyz')).to.deep.equal([200, 'ready\n']);
    bus.publish({ kind: 'nats', state: 'backoff', reason: 'connection refused', retryInMs: 40 });
    expect(await get('/readyz')).to.deep.equal([200, 'ready\nNATS backoff: connection refused\n']);
    expect(await get('/healthz')).to.deep.equal([200, 'ok\nNATS backoff: connection refused\n']);
    const status = (await (await fetch(herd.url('Bryant', '/api/herd'))).json()) as HerdResponse;
    expect(status.nats).to.deep.include({
      state: 'backoff',
      members: [],
      partitions: { complete: 12, filling: 52, leaving: 0, short: 0 },
    });
  });

  it('has every metric that the Grafana dashboard queries', async () => {
    const dashboard = readFileSync(new URL('../../../../../examples/grafana/herd.json', import.meta.url), 'utf8');
    const queriedMetrics = [...new Set(dashboard.match(/herd_\w+/g))];
    herd.bus('Blake').publish({ kind: 'nats', state: 'live', reason: '', retryInMs: 0 });
    const there = [...(await metrics('Blake')).keys()].map((sample) => sample.replace(/\{.*/, ''));
    expect(queriedMetrics.filter((name) => !there.includes(name))).to.deep.equal([]);
    expect(queriedMetrics).to.have.length.above(10);
    const expectedMetrics = [
      'reports_total',
      'subscribers',
      'subscription_conflated_total',
      'process_heap_bytes',
      'event_loop_utilization_ratio',
    ];
    for (const name of [...expectedMetrics, 'http_requests_total', 'http_request_duration_seconds_bucket'])
      expect(queriedMetrics).to.contain(`herd_${name}`);
  });
});
