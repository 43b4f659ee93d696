import type { FastifyInstance, FastifyRequest } from 'fastify';
import { StageError, type Play } from '../../faults/stage.js';
import { checked, storyBody } from './api-schemas.js';
import type { EventStreams } from './event-streams.js';
import type { HttpEdges } from '../server/http-context.js';
import { HttpError } from '../server/http-error.js';
import type { SseReader } from './sse-client.js';

/**
 * Stories of faults that are played beside the herd, for those who may administer: which there are, and the playing of one,
 * as server-sent events. Who goes away breaks it off.
 */
export function serveStage(
  app: FastifyInstance,
  { stage }: HttpEdges,
  streams: EventStreams,
  tell: (request: FastifyRequest, act: string) => void,
): void {
  const config = { entry: 'administrators' } as const;
  app.get('/api/admin/scenarios', { config }, async (_, reply) =>
    reply.header('cache-control', 'no-store').send({ shipped: (await stage?.shipped()) ?? [] }),
  );
  app.post('/api/admin/scenarios', { config: { ...config, answer: 'stream' } }, async (request, reply) => {
    if (stage === undefined) throw new HttpError(501, 'scenarios are played only where a whole herd is tried out');
    const story = checked(storyBody, request.body);
    tell(request, `play ${story.kind} scenario ${story.name}`);
    const play = await stage.read(story).catch((error: unknown) => {
      throw error instanceof StageError ? new HttpError(400, error.message) : error;
    });
    const brokenOff = new AbortController();
    const reader = streams.open(request, reply, () => brokenOff.abort());
    await perform(play, reader, brokenOff.signal);
    reader.end();
  });
}

async function perform(play: Play, reader: SseReader, brokenOff: AbortSignal): Promise<void> {
  try {
    const outcome = await play(({ kind, ...news }) => reader.send(kind, JSON.stringify(news)), brokenOff);
    reader.send('verdict', JSON.stringify(outcome));
  } catch (error) {
    const reason = error instanceof StageError ? error.message : `it broke down: ${String(error)}`;
    reader.send('verdict', JSON.stringify({ verdict: 'not played', words: reason }));
  }
}
