// What the types of the package promise, checked against the packed package: each wrong use must be an error.
import {
  bytesOf,
  changes,
  connect,
  HerdClientError,
  startHerd,
  type Change,
  type ClientErrorCode,
  type HerdLocation,
  type Nearby,
  type RunningHerd,
  type Upstream,
} from 'herd';

const herd: RunningHerd = await startHerd({
  config: { herd: 'h', servers: { Solo: { port: 0, peerPort: 0 } }, upstream: { kind: 'sample', format: 'places' } },
  onLearned: (server: string, locations: readonly HerdLocation[]) => [server, ...locations],
  onChange: ({ state }) => state satisfies 'up' | 'down',
});
await startHerd({ file: 'herd.yaml', servers: ['Solo'], environment: { HERD_SECRET: 'x' } });
// @ts-expect-error Either a config or a file.
await startHerd({ file: 'herd.yaml', config: { herd: 'h', servers: {} } });
// @ts-expect-error One of them.
await startHerd({});
// @ts-expect-error There is no such setting.
await startHerd({ config: { herd: 'h', servers: {}, logs: {} } });
// @ts-expect-error A server may not be there.
herd.servers.get('Solo').port;
// @ts-expect-error What runs is not to be changed from outside.
herd.servers.set('Solo', undefined);

const upstream: Upstream = {
  maxCount: 20,
  maxRadiusKm: 30,
  request: ({ latitude, longitude }) => ({
    method: 'GET',
    url: `http://u.example/${latitude},${longitude}`,
    headers: {},
  }),
  answer: ({ body }, { count }) => (body.length > count ? String.fromCharCode(...body) : '{}'),
  failure: (message) => bytesOf(JSON.stringify({ error: message })),
};
await startHerd({ file: 'herd.yaml', upstream });
// @ts-expect-error It must say how to ask.
await startHerd({ file: 'herd.yaml', upstream: { maxCount: 20 } });

const client = await connect({ port: 12_000, tls: { servername: 'Blake' }, timeoutMs: 5_000 });
const location: HerdLocation = await client.report('kiwi', { latitude: 1, longitude: 2 }, new Date());
location.position.latitude.toFixed();
const nearby: Nearby | undefined = await client.nearby('kiwi', 10, 5);
// @ts-expect-error Nobody may know the client.
nearby.location;
// @ts-expect-error An answer of the upstream is anything.
nearby?.answer.results;
// @ts-expect-error A time has nanoseconds, which a number has not.
location.time.toFixed();
// @ts-expect-error A location is not to be changed.
location.client = 'moa';
// @ts-expect-error A position is an object or ISO 6709.
await client.report('kiwi', [1, 2]);
// @ts-expect-error A port is needed.
await connect({ host: '127.0.0.1' });

for await (const change of changes('http://127.0.0.1:12200', { client: 'kiwi' })) {
  change satisfies Change;
  // @ts-expect-error Not every change is one of a location.
  change.location;
  if (change.kind === 'location') change.location.server satisfies string;
}

for await (const change of client.changes('kiwi', { signal: new AbortController().signal })) change satisfies Change;
for await (const change of client.changes()) change.kind satisfies 'begin' | 'location' | 'reset';
// @ts-expect-error A client is called by its ID.
client.changes({ client: 'kiwi' });

const error = new HerdClientError('HERD_TIMEOUT', 'late');
error.code satisfies ClientErrorCode;
// @ts-expect-error There is no such code.
error.code === 'HERD_LATE';
