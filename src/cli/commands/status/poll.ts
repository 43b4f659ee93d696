import { performance } from 'node:perf_hooks';
import got, { RequestError } from 'got';
import { z } from 'zod';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { HerdConfig, ServerAddress } from '../../../runtime/config/herd-config.js';
import { hostAndPort } from '../../../runtime/sockets/listening.js';
import { connectTo, readAuthority } from '../../shared/client.js';

/** How long a server may take to answer, in milliseconds: one that takes longer is no help to clients either. */
const answerWithinMs = 2_000;
/** The longest answer that is taken, in bytes: it grows with the servers and links of the herd, to some hundred KB. */
const answerBytesMax = 4 * 1024 * 1024;

const count = z.number().nonnegative();

/** What somebody does to a link by hand; servers of before say nothing of it. */
const faultSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.enum(['none', 'cut']) }),
    z.object({ kind: z.literal('slow'), delayMs: count }),
  ])
  .default({ kind: 'none' });

/** What is read of an answer to `GET /api/herd`. */
const answerSchema = z.object({
  server: z.string(),
  ready: z.boolean(),
  waitsFor: z.array(z.string()),
  locations: count,
  hold: z.enum(['all', 'touched']),
  clients: count,
  links: z.array(
    z.object({ neighbour: z.string(), state: z.string(), sinceMs: count, reason: z.string(), fault: faultSchema }),
  ),
  bucket: z.object({ state: z.string(), sinceMs: count, reason: z.string(), waiting: count }).nullable(),
  counts: z.object({
    commands: count,
    reports: count,
    learned: count,
    spread: z.object({ boundsSeconds: z.array(z.number()), counts: z.array(count) }),
  }),
});

/** What a server told of itself. */
export type HerdAnswer = z.infer<typeof answerSchema>;

/** What is seen of a server from outside. */
export type ServerLook =
  | { readonly kind: 'told'; readonly atMs: number; readonly answer: HerdAnswer }
  /** It has no httpPort to ask at, and takes clients. */
  | { readonly kind: 'takes clients' }
  | { readonly kind: 'down'; readonly reason: string }
  /** Something answers, and not as a server of this herd would. */
  | { readonly kind: 'strange'; readonly reason: string };

/** What is seen of all servers of a herd at about the same time. */
export type HerdLook = ReadonlyMap<ServerId, ServerLook>;

/** Looks at every server of a herd. Resolves once each has answered or its time is up; rejects only where `signal` aborts. */
export async function lookAt(config: HerdConfig, signal: AbortSignal): Promise<HerdLook> {
  const looks = [...config.servers].map(
    async ([server, address]) => [server, await lookAtServer(server, address, config, signal)] as const,
  );
  return new Map(await Promise.all(looks));
}

async function lookAtServer(
  server: ServerId,
  address: ServerAddress,
  config: HerdConfig,
  signal: AbortSignal,
): Promise<ServerLook> {
  if (address.httpPort === undefined) return knock(server, config, signal);
  const reply = await get(`${hostAndPort(address.host, address.httpPort)}/api/herd`, server, config, signal);
  if (reply.kind === 'down') return reply;
  if (reply.status !== 200) return { kind: 'strange', reason: `it answers HTTP ${reply.status}` };
  const answer = answerIn(reply.body);
  if (answer === undefined) return { kind: 'strange', reason: 'its answer is none of a server of this version' };
  if (answer.server !== server) return { kind: 'strange', reason: `${answer.server} answers in its place` };
  return { kind: 'told', atMs: performance.now(), answer };
}

type Reply =
  | { readonly kind: 'replied'; readonly status: number; readonly body: string }
  | { readonly kind: 'down'; readonly reason: string };

/** The one place that speaks HTTP with servers. */
async function get(place: string, server: ServerId, { tls, access }: HerdConfig, signal: AbortSignal): Promise<Reply> {
  const scheme = tls.clients === undefined ? 'http' : 'https';
  const ca = tls.clients?.ca;
  const authority = ca === undefined ? {} : { certificateAuthority: readAuthority(ca) };
  const token = access.clients;
  const request = got(`${scheme}://${place}`, {
    timeout: { request: answerWithinMs },
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    https: { serverName: server, ...authority },
    signal,
  });
  void request.on('downloadProgress', ({ transferred }) => {
    if (transferred > answerBytesMax) request.cancel();
  });
  try {
    const { statusCode, body } = await request;
    return { kind: 'replied', status: statusCode, body };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'down', reason: error instanceof RequestError ? error.code : 'its answer is too long' };
  }
}

function answerIn(body: string): HerdAnswer | undefined {
  try {
    return answerSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** All that can be told of a server without an httpPort. */
async function knock(server: ServerId, config: HerdConfig, signal: AbortSignal): Promise<ServerLook> {
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    (await connectTo(server, config, inTime)).destroy();
    return { kind: 'takes clients' };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'down', reason: (error as Error).message };
  }
}
