// A program that embeds a herd, as the docs tell it: run against the packed package.
import { changes, connect, startHerd } from 'herd';

const herd = await startHerd({
  config: {
    herd: 'packed',
    servers: { Blake: { port: 0, peerPort: 0, httpPort: 0 }, Metta: { port: 0, peerPort: 0 } },
    topology: { Blake: ['Metta'] },
  },
});
const { port, httpPort } = herd.servers.get('Blake');
const page = await fetch(`http://127.0.0.1:${httpPort}/`);

const client = await connect({ port: herd.servers.get('Metta').port });
for await (const change of changes(`http://127.0.0.1:${httpPort}`)) {
  if (change.kind === 'begin') await client.report('kiwi', { latitude: 34.06893, longitude: -118.445127 });
  if (change.kind === 'location') break;
}
const other = await connect({ port });
const { location, answer } = await other.nearby('kiwi', 100, 2);
process.stdout.write(
  JSON.stringify({ page: page.status, client: location.client, server: location.server, posts: answer.results.length }),
);
client.close();
other.close();
await herd.stop();
