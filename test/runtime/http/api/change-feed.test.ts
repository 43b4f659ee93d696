import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';

import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { ChangeFeed } from '../../../../src/runtime/http/api/change-feed.js';
import { SseClient } from '../../../../src/runtime/http/api/sse-client.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { strictBus } from '../../../support/fake-bus.js';
import { createLocation } from '../../../support/fake-location.js';

/** A response whose reader takes nothing while `writableLength` is large. */
class FakeResponse extends EventEmitter {
  written = '';
  writableLength = 0;
  isEnded = false;

  writeHead(): void {
    // The headers do not matter here.
  }

  write(text: string): void {
    this.written += text;
  }

  end(): void {
    this.isEnded = true;
  }
}

describe('ChangeFeed', () => {
  let bus: MessageBus;
  let response: FakeResponse;
  let pendingBytes: number;

  beforeEach(() => {
    bus = strictBus();
    const clock = new VirtualClock();
    response = new FakeResponse();
    const options = { clock, onWrite: (bytes: number) => (pendingBytes = bytes) };
    const sse = new SseClient(response as unknown as ServerResponse, options, () => undefined);
    new ChangeFeed(bus, clock).add(sse, undefined, undefined);
    response.written = '';
    response.writableLength = 1_048_576;
  });

  function learn(...locations: Location[]): void {
    bus.publish({ kind: 'locations-learned', batch: LocationBatch.of(locations), from: undefined });
  }

  it('sends a slow reader the newest change of each client, with ascending IDs', () => {
    learn(createLocation('kiwi', 1), createLocation('moa', 1), createLocation('kiwi', 2));
    expect(response.written).to.equal('');
    expect(pendingBytes).to.be.above(0);
    response.writableLength = 0;
    response.emit('drain');
    const ids = [...response.written.matchAll(/^id: \w+-(\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids).to.deep.equal([2, 3]);
    expect([...response.written.matchAll(/"client":"(\w+)"/g)].map(([, client]) => client)).to.deep.equal([
      'moa',
      'kiwi',
    ]);
    expect(pendingBytes).to.equal(0);
  });

  it('disconnects a reader when changes of more than 100,000 clients are queued, and frees them', () => {
    learn(...Array.from({ length: 100_000 }, (_, index) => createLocation(`phone${index}`, 1)));
    learn(createLocation('phone7', 2));
    expect(response.isEnded).to.equal(false);
    learn(createLocation('kiwi', 1));
    expect([response.isEnded, pendingBytes]).to.deep.equal([true, 0]);
  });
});
