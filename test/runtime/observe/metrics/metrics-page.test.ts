import { expect } from 'chai';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { viaNats } from '../../../../src/actors/replication/messages.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';
import { metricsPage } from '../../../../src/runtime/observe/metrics/metrics-page.js';
import { ServerCounts } from '../../../../src/runtime/observe/metrics/server-counts.js';
import { StatusTracker } from '../../../../src/runtime/observe/metrics/status-tracker.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { strictBus } from '../../../support/fake-bus.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';

describe('metricsPage', () => {
  const clock = new VirtualClock();

  function observe(): { readonly bus: MessageBus; readonly page: () => Promise<string> } {
    const bus = strictBus();
    const [status, counts] = [new StatusTracker(bus, clock, []), new ServerCounts(bus, clock, [])];
    const page = async () => {
      const text = await metricsPage('Blake', 'h', { counts, status, locations: 0, logBufferedBytes: 0 });
      return text.replaceAll(/,?herd="h",server="Blake"/g, '').replaceAll('{}', '');
    };
    return { bus, page };
  }

  it('has the state of NATS, members, partitions, moved data and remote lookups', async () => {
    const { bus, page } = observe();
    bus.publish({ kind: 'nats', state: 'joining', reason: '', retryInMs: 0 });
    bus.publish({ kind: 'members', members: ['Blake', 'Metta'].map(toServerId) });
    bus.publish({ kind: 'partitions', complete: 60, filling: 4, leaving: 2, short: 7 });
    const moved = { kind: 'partition-page', partition: 3, from: toServerId('Metta') } as const;
    bus.publish({ ...moved, locations: 2, bytes: 170 });
    bus.publish({ ...moved, locations: 1, bytes: 80 });
    bus.publish({ kind: 'remote-lookup', outcome: 'found', tookMs: 2 });
    bus.publish({ kind: 'remote-lookup', outcome: 'timeout', tookMs: 500 });
    const batch = LocationBatch.of([createLocation('kiwi', 1), createLocation('plum', 1)]);
    bus.publish({ kind: 'locations-learned', batch, from: viaNats });
    const location = createLocation('kiwi', 1);
    for (const reason of ['full', 'moved', 'moved'] as const)
      bus.publish({ kind: 'location-evicted', location, reason });
    const lines = (await page()).split('\n');
    expect(lines).to.include.members([
      'herd_nats_state{state="joining"} 1',
      'herd_nats_state{state="live"} 0',
      'herd_members 2',
      'herd_partitions{state="complete"} 60',
      'herd_partitions{state="filling"} 4',
      'herd_partitions{state="leaving"} 2',
      'herd_partitions_short 7',
      'herd_nats_learned_total 2',
      'herd_partition_moved_locations_total 3',
      'herd_partition_moved_bytes_total 250',
      'herd_remote_lookups_total{outcome="found"} 1',
      'herd_remote_lookups_total{outcome="unknown"} 0',
      'herd_remote_lookups_total{outcome="timeout"} 1',
      'herd_remote_lookup_duration_seconds_bucket{le="0.0025"} 1',
      'herd_remote_lookup_duration_seconds_count 2',
      'herd_evictions_total 1',
    ]);
  });

  it('has no metric of NATS for a server that only floods', async () => {
    const { page } = observe();
    expect(await page()).to.not.match(/herd_(nats|members|partition|remote)/);
  });
});
