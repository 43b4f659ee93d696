import type { Limits } from '../../actors/ports/limits.js';
import { maxIndexBytes, locationOverheadBytes } from '../../actors/store/location-bytes.js';
import type { UpstreamSettings } from '../../actors/upstream/upstream-settings.js';
import { maxReportFieldBytes } from '../../protocol/place/report.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { maxPeerLineBytes } from '../../protocol/peer/peer-line.js';
import { defaultMaxTlsHandshakes } from '../sockets/client-listener.js';
import type { HerdConfig } from '../config/herd-config.js';

/**
 * Changes of locations that wait for a disk at most. Beyond it they are given up, and all that the store holds is written
 * again when the disk takes it: a disk that is full for a day must not cost a change for each client ever seen.
 */
export const maxDiskChanges = 50_000;

const kibibyte = 1_024;
const mebibyte = 1_048_576;

/** What a server uses memory for besides its limits. */
export interface MemoryUse {
  /** Neighbours that it has links to. */
  readonly neighbours: number;
  /** Whether other processes reach it at its `peerPort`. */
  readonly hasPeerPort: boolean;
  /** Whether it serves HTTP. */
  readonly hasHttp: boolean;
  /** Whether clients speak TLS. */
  readonly hasTls: boolean;
  /** Whether it keeps locations on disk. */
  readonly hasStore: boolean;
  /** Whether it spreads locations by a bucket of NATS. */
  readonly hasBucket: boolean;
  /** Whether it writes logs. */
  readonly hasLog: boolean;
  /** How it asks its upstream. */
  readonly upstream: Pick<UpstreamSettings, 'maxConcurrentRequests' | 'maxCacheBytes'>;
}

/** A part of what a server may take, in bytes. */
export interface MemoryPart {
  readonly part: string;
  readonly bytes: number;
}

/**
 * Node, the program, what it needs to run, and the part of the heap for new objects: 92 to 105 MB measured of one idle server, Node 20,
 * with the gazetteer of the sample, and up to 48 MiB for new objects.
 */
const programBytes = 256 * mebibyte;

/** What each further server of the same process takes, idle. */
const serverBytes = 16 * mebibyte;

/** V8 lets its heap grow before it collects: 1.6 to 1.85 times what is alive measured while locations come and are evicted. */
const heapFactor = 2;

/**
 * A connection of a client that is idle. Resident memory of each of 4,000: 13 KB over TCP, 19 KB over WebSocket, of which 9 and 14 KB
 * are heap, which may double.
 */
const connectionBytes = 32 * kibibyte;

/**
 * A connection over HTTP, with a request that is being read or answered. Resident memory of each of 4,000: 12 KB between two requests,
 * 39 KB with 15 KB of a request's head, of which 32 KB are heap.
 */
const httpConnectionBytes = 64 * kibibyte;

/**
 * What TLS takes of a connection besides. Resident memory of each of 3,000: 24 KB; in the handshake it is 58 KB, and nothing of what
 * follows it.
 */
const tlsBytes = 64 * kibibyte;

/** The most that is read from a connection at once. Of every connection so much may be read before the first is handled. */
const readBytes = 64 * kibibyte;

/** What a connection may have waiting without an account of it in `maxTotalOutputBufferBytes`. */
const unaccountedBytes = 4 * kibibyte;

/** A WHATSAT under way, besides its line and the AT line: the question, its timer, and where its answer goes. */
const queryBytes = 512;

/** Searches of the herd at once, and what each takes besides the client's ID. */
const maxLookups = 10_000;
const lookupBytes = 512;

/** Changes that are kept for readers of `/api/changes` who come back. */
const maxKeptChanges = 20_000;

/** The largest answer of an upstream that is taken. While it is read it is there three times: in chunks, as a whole and as text. */
const upstreamResponseBytes = 3 * mebibyte;

/**
 * What a link has under way besides what waits for it: 64 KiB that its socket has yet to take, an answer to a digest of 768 KiB, a chunk
 * of 64 KiB that was read, cut into lines, and the 65,536 buckets in which the neighbour may differ.
 */
const linkBytes = 6 * mebibyte;

/** Connections of callers at `peerPort` who have not shown who they are, each with a chunk that was read, cut into lines. */
const maxUnauthenticatedPeers = 256;
const unauthenticatedPeerBytes = connectionBytes + 704 * kibibyte;

/** An entry of a map of clients, without what it leads to. */
const entryBytes = 64;

/** Log lines that wait for the disk: 16 MiB in each of two files, and what is being written of them. */
const logBytes = 2 * 17 * mebibyte;

/** The most bytes that one location may take whose line a client sent. */
function maxLocationBytes({ maxClientIdBytes }: Pick<Limits, 'maxClientIdBytes'>): number {
  const serverAndSkew = 96;
  return 2 * maxClientIdBytes + 2 * maxReportFieldBytes + serverAndSkew + locationOverheadBytes;
}

/**
 * The most memory that a server takes, part by part; docs/operations.md gives the same as a formula. It is what the worst
 * clients can bring about together, not what is usual.
 */
export function memoryPartsOf(limits: Limits, use: MemoryUse): MemoryPart[] {
  const { maxClients, maxStoreBytes, maxConnections, maxLineBytes, maxPendingQueries } = limits;
  const location = maxLocationBytes(limits);
  const tls = use.hasTls ? tlsBytes : 0;
  const line = connectionBytes + readBytes + tls + heapFactor * (2 * maxLineBytes + unaccountedBytes);
  const onHeap = {
    locations: maxStoreBytes + maxIndexBytes,
    output: limits.maxTotalOutputBufferBytes,
    queries: maxPendingQueries * (2 * maxLineBytes + queryBytes) + maxLookups * (maxLineBytes + lookupBytes),
    links: use.neighbours * (limits.maxPeerOutputBufferBytes + linkBytes + maxPeerLineBytes(maxLineBytes)),
    callers: use.hasPeerPort ? maxUnauthenticatedPeers * unauthenticatedPeerBytes : 0,
    'recent changes': use.hasHttp ? maxKeptChanges * (location + entryBytes) : 0,
    bucket: use.hasBucket ? 2 * maxClients * (location + entryBytes) : 0,
    disk: use.hasStore ? maxDiskChanges * (location + entryBytes) : 0,
    upstream: use.upstream.maxConcurrentRequests * upstreamResponseBytes + use.upstream.maxCacheBytes,
  };
  return [
    { part: 'program', bytes: programBytes },
    { part: 'connections', bytes: maxConnections * line },
    { part: 'HTTP connections', bytes: use.hasHttp ? maxConnections * (httpConnectionBytes + tls) : 0 },
    { part: 'TLS handshakes', bytes: use.hasTls ? defaultMaxTlsHandshakes * tlsBytes : 0 },
    ...Object.entries(onHeap).map(([part, bytes]) => ({ part, bytes: heapFactor * bytes })),
    { part: 'log', bytes: use.hasLog ? logBytes : 0 },
  ].filter(({ bytes }) => bytes > 0);
}

/** The most memory that a server takes that has a process of its own, in bytes: the sum of `memoryPartsOf`. */
export function memoryBoundBytes(limits: Limits, use: MemoryUse): number {
  return memoryPartsOf(limits, use).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What a server of a herd uses memory for. @param hosted the servers of its process, itself among them */
export function memoryUseOf(config: HerdConfig, server: ServerId, hosted: ReadonlySet<ServerId>): MemoryUse {
  const { servers, topology, replication, bridge, storePath, log, tls, upstreamSettings } = config;
  const neighbours = replication.kind === 'flood' ? (topology.get(server) ?? []) : [];
  return {
    neighbours: neighbours.length,
    hasPeerPort: neighbours.some((neighbour) => !hosted.has(neighbour)),
    hasHttp: servers.get(server)?.httpPort !== undefined,
    hasTls: tls.clients !== undefined,
    hasStore: storePath !== undefined,
    hasBucket: replication.kind === 'nats' || bridge?.via.has(server) === true,
    hasLog: log !== undefined,
    upstream: upstreamSettings,
  };
}

/**
 * The most memory that a process takes which some servers of a herd share, in bytes.
 * @param maxHeapBytes the heap that V8 lets the process have
 */
export function processMemoryBoundBytes(
  config: HerdConfig,
  hosted: ReadonlySet<ServerId>,
  maxHeapBytes: number,
): number {
  const maxStoreBytes = limitStoreBytes(config.limits.maxStoreBytes, hosted.size, maxHeapBytes);
  const limits = { ...config.limits, maxStoreBytes };
  let bytes = programBytes - serverBytes;
  for (const server of hosted) {
    bytes += memoryBoundBytes(limits, memoryUseOf(config, server, hosted)) - programBytes + serverBytes;
  }
  return bytes;
}

/**
 * The bytes of locations that each server of a process may hold: `maxStoreBytes`, but together no more than half of the heap
 * that the process may have, as V8 ends a process whose heap is full.
 */
export function limitStoreBytes(maxStoreBytes: number, servers: number, maxHeapBytes: number): number {
  return Math.min(maxStoreBytes, Math.floor(maxHeapBytes / heapFactor / servers));
}
