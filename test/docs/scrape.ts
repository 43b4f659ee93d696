import { startHerd } from '../../src/library/index.js';

/** The text of `GET /metrics` of a server with one neighbour that was never reached: it has every metric but those of NATS. */
export async function scrapeSoloServer(): Promise<string> {
  const herd = await startHerd({
    config: {
      herd: 'docs',
      servers: { Solo: { port: 0, peerPort: 0, httpPort: 0 }, Pair: { port: 0, peerPort: 0 } },
      topology: { Solo: ['Pair'] },
    },
  });
  try {
    const address = herd.servers.get('Solo');
    const url = `http://${address?.host ?? ''}:${address?.httpPort ?? 0}/metrics`;
    // The first request is what the second one has in its metrics of requests.
    await (await fetch(url)).text();
    return await (await fetch(url)).text();
  } finally {
    await herd.stop();
  }
}
