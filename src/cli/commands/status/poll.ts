import { performance } from 'node:perf_hooks';
import got, { RequestError } from 'got';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { HerdConfig, ServerEndpoints } from '../../../runtime/config/herd-config.js';
import type { HerdResponse } from '../../../runtime/http/api/api-types.js';
import { herdResponse } from '../../../runtime/http/api/herd-schemas.js';
import { formatHostPort } from '../../../runtime/sockets/listener.js';
import { connectTo, readAuthority } from '../../shared/client.js';

/** How long a server may take to answer, in milliseconds: one that takes longer is no help to clients either. */
const responseTimeoutMs = 2_000;
/** The longest answer that is taken, in bytes: it grows with the servers and links of the herd, to some hundred KB. */
const maxResponseBytes = 4 * 1024 * 1024;

/** What is seen of a server from outside. */
export type ServerSample =
  | { readonly kind: 'ok'; readonly atMs: number; readonly response: HerdResponse }
  /** It has no httpPort to ask at, and takes clients. */
  | { readonly kind: 'reachable' }
  | { readonly kind: 'down'; readonly reason: string }
  /** Something answers, and not as a server of this herd would. */
  | { readonly kind: 'unexpected'; readonly reason: string };

/** What is seen of all servers of a herd at about the same time. */
export type HerdSample = ReadonlyMap<ServerId, ServerSample>;

/** Looks at every server of a herd. Resolves once each has answered or its time is up; rejects only where `signal` aborts. */
export async function pollHerd(config: HerdConfig, signal: AbortSignal): Promise<HerdSample> {
  const samples = [...config.servers].map(
    async ([server, address]) => [server, await pollServer(server, address, config, signal)] as const,
  );
  return new Map(await Promise.all(samples));
}

async function pollServer(
  server: ServerId,
  address: ServerEndpoints,
  config: HerdConfig,
  signal: AbortSignal,
): Promise<ServerSample> {
  if (address.httpPort === undefined) return probePort(server, config, signal);
  const reply = await fetchHerdStatus(
    `${formatHostPort(address.host, address.httpPort)}/api/herd`,
    server,
    config,
    signal,
  );
  if (reply.kind === 'down') return reply;
  if (reply.status !== 200) return { kind: 'unexpected', reason: `it answers HTTP ${reply.status}` };
  const response = parseResponse(reply.body);
  if (response === undefined) return { kind: 'unexpected', reason: 'its answer is none of a server of this version' };
  if (response.server !== server) return { kind: 'unexpected', reason: `${response.server} answers in its place` };
  return { kind: 'ok', atMs: performance.now(), response };
}

type Reply =
  | { readonly kind: 'replied'; readonly status: number; readonly body: string }
  | { readonly kind: 'down'; readonly reason: string };

/** The one place that speaks HTTP with servers. */
async function fetchHerdStatus(
  address: string,
  server: ServerId,
  { tls, auth }: HerdConfig,
  signal: AbortSignal,
): Promise<Reply> {
  const scheme = tls.clients === undefined ? 'http' : 'https';
  const ca = tls.clients?.ca;
  const caOption = ca === undefined ? {} : { certificateAuthority: readAuthority(ca) };
  const token = auth.clientToken;
  const request = got(`${scheme}://${address}`, {
    timeout: { request: responseTimeoutMs },
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    https: { serverName: server, ...caOption },
    signal,
  });
  void request.on('downloadProgress', ({ transferred }) => {
    if (transferred > maxResponseBytes) request.cancel();
  });
  try {
    const { statusCode, body } = await request;
    return { kind: 'replied', status: statusCode, body };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'down', reason: error instanceof RequestError ? error.code : 'its answer is too long' };
  }
}

function parseResponse(body: string): HerdResponse | undefined {
  try {
    return herdResponse.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** All that can be told of a server without an httpPort. */
async function probePort(server: ServerId, config: HerdConfig, signal: AbortSignal): Promise<ServerSample> {
  try {
    const timeoutSignal = AbortSignal.any([signal, AbortSignal.timeout(responseTimeoutMs)]);
    (await connectTo(server, config, timeoutSignal)).destroy();
    return { kind: 'reachable' };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'down', reason: (error as Error).message };
  }
}
