import type { FastifyInstance } from 'fastify';
import type { Desk } from './actor-gateway.js';
import type { HttpEdges } from '../server/http-context.js';

/** Whether the server lives, whether it should be sent clients, and what it has counted: for those who keep it running. */
export function serveHealth(app: FastifyInstance, edges: HttpEdges, desk: Desk): void {
  const { config, server, view, counts, logBytesWaiting } = edges;
  app.get('/healthz', { config: { entry: 'anybody' } }, (_, reply) =>
    reply.type('text/plain').send(lines('ok', view.troubles())),
  );
  app.get('/readyz', { config: { entry: 'anybody' } }, (_, reply) => {
    const waitsFor = view.notReady();
    const text = waitsFor.length === 0 ? lines('ready', view.troubles()) : `not ready: ${waitsFor.join(', ')}\n`;
    return reply
      .code(waitsFor.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(text);
  });
  app.get('/metrics', async (_, reply) => {
    const [{ metricsPage }, { size }] = await Promise.all([
      import('../../observe/metrics/metrics-page.js'),
      desk.list(0, 0),
    ]);
    const sources = { counts, view, locations: size, logBytesWaiting: logBytesWaiting() };
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsPage(server, config.herd, sources));
  });
}

function lines(first: string, others: readonly string[]): string {
  return [first, ...others].map((line) => `${line}\n`).join('');
}
