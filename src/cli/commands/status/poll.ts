import { performance } from 'node:perf_hooks';
import got, { RequestError } from 'got';
import type { ServerId } from '../../../protocol/place/ids.js';
import type { HerdConfig, ServerEndpoints } from '../../../runtime/config/herd-config.js';
import type { HerdResponse } from '../../../runtime/http/api/api-types.js';
import { herdResponse } from '../../../runtime/http/api/herd-schemas.js';
import { formatHostPort } from '../../../runtime/sockets/listener.js';
import { connectSocket } from '../../../client/connect.js';
import { clientAddress, readAuthority } from '../../shared/servers.js';

/** Timeout of each request in milliseconds: a server that takes longer is of no use to clients either. */
const responseTimeoutMs = 2_000;
/** Maximum size of a response in bytes. It grows with the servers and links of the herd, to some hundred KB. */
const maxResponseBytes = 4 * 1024 * 1024;

/** Result of polling one server. */
export type ServerSample =
  | { readonly kind: 'ok'; readonly atMs: number; readonly response: HerdResponse }
  /** Accepts clients, and has no httpPort to query. */
  | { readonly kind: 'reachable' }
  | { readonly kind: 'down'; readonly reason: string }
  /** Responds, but not like this server of the herd. */
  | { readonly kind: 'unexpected'; readonly reason: string };

/** Results of polling all servers at about the same time. */
export type HerdSample = ReadonlyMap<ServerId, ServerSample>;

/** Polls all servers of a herd. Resolves once each has responded or timed out; rejects only if `signal` is aborted. */
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
  if (reply.status !== 200) return { kind: 'unexpected', reason: `HTTP ${reply.status}` };
  const response = parseResponse(reply.body);
  if (response === undefined) return { kind: 'unexpected', reason: 'incompatible response (different version?)' };
  if (response.server !== server) return { kind: 'unexpected', reason: `responds as ${response.server}` };
  return { kind: 'ok', atMs: performance.now(), response };
}

type Reply =
  | { readonly kind: 'replied'; readonly status: number; readonly body: string }
  | { readonly kind: 'down'; readonly reason: string };

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
    return { kind: 'down', reason: error instanceof RequestError ? error.code : 'response too long' };
  }
}

function parseResponse(body: string): HerdResponse | undefined {
  try {
    return herdResponse.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** Checks whether a server without an httpPort accepts connections of clients. */
async function probePort(server: ServerId, config: HerdConfig, signal: AbortSignal): Promise<ServerSample> {
  try {
    (await connectSocket(clientAddress(server, config), responseTimeoutMs, signal)).destroy();
    return { kind: 'reachable' };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'down', reason: (error as Error).message };
  }
}
