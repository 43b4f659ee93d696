import type { Limits } from '../../actors/ports/limits.js';
import { maxAllocatorBytes } from '../../actors/store/cell-allocator.js';
import { maxTableBytes, locationOverheadBytes } from '../../actors/store/location-bytes.js';
import { maxLookups } from '../../actors/replication/client-lookup.js';
import type { UpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import { maxReportFieldBytes } from '../../protocol/place/report.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import { defaultMaxTlsHandshakes, maxDiskChanges, maxUnauthenticatedPeers } from '../fixed-limits.js';
import type { HerdConfig } from '../config/herd-config.js';
import { maxPoolBytes } from '../sockets/buffer-pool.js';

const kibibyte = 1_024;
const mebibyte = 1_048_576;

/** Features of a server that determine its memory use. */
export interface MemoryUse {
  /** Number of links. */
  readonly neighbours: number;
  /** Whether it listens on its `peerPort`. */
  readonly hasPeerPort: boolean;
  /** Whether it serves HTTP. */
  readonly hasHttp: boolean;
  /** Whether clients use TLS. */
  readonly hasTls: boolean;
  /** Whether it stores locations on disk. */
  readonly hasStore: boolean;
  /** Whether it replicates over NATS. */
  readonly usesNats: boolean;
  /** Whether it writes logs. */
  readonly hasLog: boolean;
  /** Settings of its upstream. */
  readonly upstream: Pick<UpstreamSettings, 'maxConcurrentRequests' | 'maxCacheBytes'>;
}

/** Part of the memory bound, in bytes. */
export interface MemoryPart {
  readonly part: string;
  readonly bytes: number;
}

/**
 * Node, the program and the young generation of the heap. Measured: 92 to 105 MB for one idle server on Node 20 with the gazetteer of
 * the sample upstream, plus up to 48 MiB for the young generation.
 */
const programBytes = 256 * mebibyte;

/** Memory of each further idle server of a process. */
const serverBytes = 16 * mebibyte;

/** Heap size in relation to live objects: 1.6 to 1.85 measured while locations are added and evicted. */
const heapFactor = 2;

/** Maximum memory of stored locations in relation to `maxStoreBytes`: slabs are at least half full (`CellAllocator`). */
const slabFactor = 2;

/**
 * Idle connection of a client. Measured resident memory per connection, with 4,000: 13 KB over TCP and 19 KB over WebSocket, of which 9
 * and 14 KB are heap, which may double.
 */
const connectionBytes = 32 * kibibyte;

/**
 * HTTP connection with a request in progress. Measured resident memory per connection, with 4,000: 12 KB between two requests, 39 KB
 * with 15 KB of request headers, of which 32 KB are heap.
 */
const httpConnectionBytes = 64 * kibibyte;

/**
 * Additional memory per TLS connection. Measured resident memory, with 3,000: 24 KB, and 58 KB during the handshake.
 */
const tlsBytes = 64 * kibibyte;

/** Maximum size of a read. Every connection may have one before the first is handled. */
const readBytes = 64 * kibibyte;

/** Output buffer per connection that does not count towards `maxTotalOutputBufferBytes`. */
const unaccountedBytes = 4 * kibibyte;

/** Pending WHATSAT besides its line and the AT line: the query, its timer and its recipient. */
const queryBytes = 512;

/** Pending lookup besides the client ID. */
const lookupBytes = 512;

/** Changes kept for clients that resume `/api/changes`. */
const maxKeptChanges = 20_000;

/** Maximum response of an upstream (1 MiB), three times: as chunks, as a buffer and as text. */
const upstreamResponseBytes = 3 * mebibyte;

/**
 * Memory per link besides its output buffer: 2 MiB in the socket, 768 KiB for the response to a digest, a read of 64 KiB split into
 * lines, and the set of up to 65,536 differing leaves.
 */
const linkBytes = 8 * mebibyte;

/** Connection to NATS: a message of the default `max_payload`, 1 MiB, as chunks and joined, and reads. */
const natsBytes = 4 * mebibyte;

/** Unauthenticated connection to `peerPort`, with a read split into lines. */
const unauthenticatedPeerBytes = connectionBytes + 704 * kibibyte;

/** Entry of a map, without its value. */
const entryBytes = 64;

/** Buffered log lines, those being written included: 16 MiB for each of two files. */
const logBytes = 2 * 16 * mebibyte;

/** Maximum heap of one location in bytes. */
function maxLocationBytes({ maxClientIdBytes }: Pick<Limits, 'maxClientIdBytes'>): number {
  const serverAndSkew = 96;
  return 2 * maxClientIdBytes + 2 * maxReportFieldBytes + serverAndSkew + locationOverheadBytes;
}

/**
 * Upper bound of the memory of a server, by part, for the worst case that clients can cause. The documentation gives the same as a
 * formula.
 */
export function memoryPartsOf(limits: Limits, use: MemoryUse): MemoryPart[] {
  const { maxStoreBytes, maxConnections, maxLineBytes, maxPendingQueries } = limits;
  const location = maxLocationBytes(limits);
  const tls = use.hasTls ? tlsBytes : 0;
  const line = connectionBytes + readBytes + tls + heapFactor * (2 * maxLineBytes + unaccountedBytes);
  const onHeap = {
    output: limits.maxTotalOutputBufferBytes,
    queries: maxPendingQueries * (2 * maxLineBytes + queryBytes) + maxLookups * (maxLineBytes + lookupBytes),
    links: use.neighbours * (limits.maxPeerOutputBufferBytes + linkBytes + maxPeerLineBytes(maxLineBytes)),
    callers: use.hasPeerPort ? maxUnauthenticatedPeers * unauthenticatedPeerBytes : 0,
    'recent changes': use.hasHttp ? maxKeptChanges * (location + entryBytes) : 0,
    NATS: use.usesNats ? natsBytes : 0,
    disk: use.hasStore ? maxDiskChanges * (location + entryBytes) : 0,
    upstream: use.upstream.maxConcurrentRequests * upstreamResponseBytes + use.upstream.maxCacheBytes,
  };
  return [
    { part: 'program', bytes: programBytes },
    { part: 'locations', bytes: slabFactor * maxStoreBytes + maxTableBytes },
    { part: 'connections', bytes: maxConnections * line },
    { part: 'response buffers', bytes: maxPoolBytes },
    { part: 'HTTP connections', bytes: use.hasHttp ? maxConnections * (httpConnectionBytes + tls) : 0 },
    { part: 'TLS handshakes', bytes: use.hasTls ? defaultMaxTlsHandshakes * tlsBytes : 0 },
    ...Object.entries(onHeap).map(([part, bytes]) => ({ part, bytes: heapFactor * bytes })),
    { part: 'log', bytes: use.hasLog ? logBytes : 0 },
  ].filter(({ bytes }) => bytes > 0);
}

/** Upper bound of the memory of a server with a process of its own, in bytes: the sum of `memoryPartsOf`. */
export function memoryBoundBytes(limits: Limits, use: MemoryUse): number {
  return memoryPartsOf(limits, use).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Memory use of a server. @param hosted servers of its process, including itself */
export function memoryUseOf(config: HerdConfig, server: ServerId, hosted: ReadonlySet<ServerId>): MemoryUse {
  const { servers, topology, replication, bridge, storePath, log, tls, upstreamSettings } = config;
  const neighbours = replication.kind === 'flood' ? (topology.get(server) ?? []) : [];
  return {
    neighbours: neighbours.length,
    hasPeerPort: neighbours.some((neighbour) => !hosted.has(neighbour)),
    hasHttp: servers.get(server)?.httpPort !== undefined,
    hasTls: tls.clients !== undefined,
    hasStore: storePath !== undefined,
    usesNats: replication.kind === 'nats' || bridge?.via.has(server) === true,
    hasLog: log !== undefined,
    upstream: upstreamSettings,
  };
}

/** Upper bound of the memory of a process that hosts several servers, in bytes. */
export function processMemoryBoundBytes(config: HerdConfig, hosted: ReadonlySet<ServerId>): number {
  const limits = { ...config.limits, maxStoreBytes: limitStoreBytes(config.limits) };
  let bytes = programBytes - serverBytes;
  for (const server of hosted) {
    bytes += memoryBoundBytes(limits, memoryUseOf(config, server, hosted)) - programBytes + serverBytes;
  }
  return bytes;
}

/** Limit of the store of each server in bytes: `maxStoreBytes`, as far as slabs can be allocated. */
export function limitStoreBytes({ maxStoreBytes }: Pick<Limits, 'maxStoreBytes'>): number {
  return Math.min(maxStoreBytes, Math.floor(maxAllocatorBytes / slabFactor));
}
