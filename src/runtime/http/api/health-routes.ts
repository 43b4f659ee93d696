import type { FastifyInstance } from 'fastify';
import type { HttpContext } from '../server/http-context.js';

/** Serves liveness, readiness and metrics. */
export function serveHealth(app: FastifyInstance, context: HttpContext): void {
  const { gateway, config, server, status, counts, logBufferedBytes } = context;
  app.get('/healthz', { config: { policy: 'public' } }, (_, reply) =>
    reply.type('text/plain').send(lines('ok', status.degradations())),
  );
  app.get('/readyz', { config: { policy: 'public' } }, (_, reply) => {
    const notReadyReasons = status.notReadyReasons();
    const text =
      notReadyReasons.length === 0
        ? lines('ready', status.degradations())
        : `not ready: ${notReadyReasons.join(', ')}\n`;
    return reply
      .code(notReadyReasons.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(text);
  });
  app.get('/metrics', async (_, reply) => {
    const [{ metricsPage }, { size }] = await Promise.all([
      import('../../observe/metrics/metrics-page.js'),
      gateway.list(0, 0),
    ]);
    const sources = { counts, status, locations: size, logBufferedBytes: logBufferedBytes() };
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsPage(server, config.herd, sources));
  });
}

function lines(first: string, others: readonly string[]): string {
  return [first, ...others].map((line) => `${line}\n`).join('');
}
