import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { Connection } from '../../src/actors/connection.js';
import { addresses, type ServerMessage } from '../../src/actors/messages.js';
import type { Listening } from '../../src/runtime/listening.js';
import { MessageBus } from '../../src/runtime/message-bus.js';
import { SystemClock } from '../../src/runtime/system-clock.js';
import { Turn } from '../../src/runtime/turn.js';
import { listenForWeb } from '../../src/runtime/web-listener.js';
import { asServerId } from '../../src/protocol/ids.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';

const lineBytesMax = 256;

describe('the door for WebSocket', () => {
  let door: Listening;
  let bus: MessageBus;
  let left: string[];
  const clients: WebSocket[] = [];

  beforeEach(async () => {
    bus = new MessageBus((error) => {
      throw error;
    });
    left = [];
    const server = asServerId('Blake');
    if (server === undefined) throw new Error('Blake is a name');
    const settings = { server, lineBytesMax, upstream: twitterSearch('http://127.0.0.1:9') };
    bus.attach(addresses.server, {
      receive: (message: ServerMessage) => {
        if (message.kind === 'client-arrived') {
          const at = addresses.connection(message.connection);
          bus.attach(at, new Connection(bus, settings, message.connection, message.wire));
        }
        if (message.kind === 'client-left') left.push(message.reason);
      },
      stop: () => undefined,
    });
    bus.attach(addresses.store, { receive: () => undefined, stop: () => undefined });
    let connections = 0;
    const edges = { bus, clock: new SystemClock(), turn: new Turn(), nextConnection: () => (connections += 1) };
    door = await listenForWeb(edges, lineBytesMax, { owner: 'Blake (web)', host: '127.0.0.1', port: 0 });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate();
    door.close();
  });

  function connect(path = '/ws', options: { origin?: string } = {}): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, options);
    clients.push(client);
    return client;
  }

  async function ask(client: WebSocket, message: string | Buffer): Promise<{ text: Buffer; binary: boolean }> {
    const answer = once(client, 'message');
    client.send(message);
    const [text, binary] = (await answer) as [Buffer, boolean];
    return { text, binary };
  }

  it('takes one command a message and gives one answer a message, without line ends', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, 'IAMAT kiwi +34.0-118.0 1.5');
    expect(text.toString()).to.match(/^AT Blake \+\d+\.\d{9} kiwi \+34\.0-118\.0 1\.5$/);
    expect(binary).to.equal(false);
    expect((await ask(client, 'nonsense ☂\n')).text.toString()).to.equal('? nonsense ☂');
  });

  it('answers bytes that are no text with a binary message', async () => {
    const client = connect();
    await once(client, 'open');
    const { text, binary } = await ask(client, Buffer.from([0xff, 0xfe, 0x41]));
    expect([...text]).to.deep.equal([0x3f, 0x20, 0xff, 0xfe, 0x41]);
    expect(binary).to.equal(true);
  });

  it('closes a client that sends more than a line may hold, and tells that it is gone', async () => {
    const client = connect();
    await once(client, 'open');
    client.send('x'.repeat(lineBytesMax + 3));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).to.equal(1009);
    expect(left).to.deep.equal(['Max payload size exceeded']);
  });

  it('refuses pages of other origins and paths that are not its own', async () => {
    for (const [path, origin, status] of [
      ['/ws', 'https://stranger.example', 403],
      ['/ws', 'null', 403],
      ['/other', undefined, 404],
    ] as const) {
      const client = connect(path, origin === undefined ? {} : { origin });
      const [error] = (await once(client, 'error')) as [Error];
      expect(error.message).to.contain(String(status));
    }
    const own = connect('/ws', { origin: `http://127.0.0.1:${door.port}` });
    await once(own, 'open');
  });
});
