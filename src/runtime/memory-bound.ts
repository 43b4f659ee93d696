import { peerLineBytesMax } from '../protocol/peer-line.js';
import { reportFieldBytesMax } from '../protocol/command.js';
import { changesWaitingMax } from '../actors/connection.js';
import type { Limits } from '../actors/limits.js';
import { indexBytes, locationOverheadBytes } from '../actors/location-bytes.js';
import { searchesMax } from '../actors/seeker.js';
import { watchersMax } from '../actors/watch.js';

/**
 * Changes of locations that wait for a disk at most. Beyond it they are given up, and all that the store holds is written
 * again when the disk takes it: a disk that is full for a day must not cost a change for each client ever seen.
 */
export const diskChangesMax = 50_000;

const kibibyte = 1_024;
const mebibyte = 1_048_576;

/** What a server uses memory for besides its limits. */
export interface MemoryUse {
  /** Neighbours that it has links to. */
  readonly neighbours: number;
  /** Whether clients speak TLS. */
  readonly tls: boolean;
  /** Whether it keeps locations on disk. */
  readonly store: boolean;
  /** Whether it spreads locations by a bucket of NATS. */
  readonly bucket: boolean;
  /** Whether it writes logs. */
  readonly log: boolean;
}

/** A part of what a server may take, in bytes. */
export interface MemoryPart {
  readonly part: string;
  readonly bytes: number;
}

/** Node, the program, and what it needs to run: 122 MB measured of one idle server, Node 20, with the gazetteer of the sample. */
const baselineBytes = 160 * mebibyte;

/** V8 lets its heap grow before it collects: 1.6 to 1.9 times what is alive measured while locations come and are evicted. */
const heapFactor = 2;

/** A connection of a client that is idle: 4 to 10 KB measured, with its machine, timers and socket. */
const connectionBytes = 10 * kibibyte;

/** What a TLS connection takes besides. */
const tlsConnectionBytes = 64 * kibibyte;

/**
 * A chunk of input that a connection holds while its answers are not taken: 64 KiB, the most that Node reads at once, and
 * 8 bytes in a list for each of as many lines as may be in it.
 */
const inputBytes = 64 * kibibyte * (1 + 8);

/** A WHATSAT under way, besides its line and the AT line: the question, its timer, and where its answer goes. */
const queryBytes = 512;

/** The largest answer of an upstream that is taken. */
const upstreamBodyBytes = mebibyte;

/** Requests to the upstream at once, each of which may have a body as bytes and as text; and the answers that are kept. */
const upstreamBytes = 32 * 2 * upstreamBodyBytes + 16 * mebibyte;

/** What a search of the herd takes besides the client's ID. */
const searchBytes = 512;

/** What waits for a connection that watches: 50 bytes for each change. */
const watcherBytes = changesWaitingMax * 50;

/** What a link has under way: 64 KiB that its socket has yet to take, and an answer to a digest. */
const linkBytes = 64 * kibibyte + 768 * kibibyte;

/** An entry of a map of clients, without what it leads to. */
const entryBytes = 64;

/** Log lines that wait for the disk: 16 MiB in each of two files. */
const logBytes = 2 * 16 * mebibyte;

/** The most bytes that one location may take whose line a client sent. */
function locationBytesMax({ clientIdBytesMax }: Pick<Limits, 'clientIdBytesMax'>): number {
  const serverAndSkew = 96;
  return 2 * clientIdBytesMax + 2 * reportFieldBytesMax + serverAndSkew + locationOverheadBytes;
}

/**
 * The most memory that a server takes, part by part; docs/operations.md gives the same as a formula. It is what the worst
 * clients can bring about together, not what is usual.
 */
export function memoryPartsOf(limits: Limits, use: MemoryUse): MemoryPart[] {
  const { clientsMax, storeBytesMax, connectionsMax, lineBytesMax, backlogBytesInAllMax, pendingQueriesMax } = limits;
  const location = locationBytesMax(limits);
  const connection = connectionBytes + lineBytesMax + inputBytes + (use.tls ? tlsConnectionBytes : 0);
  const onHeap = {
    locations: storeBytesMax + indexBytes,
    connections: connectionsMax * connection,
    queries: pendingQueriesMax * (2 * lineBytesMax + queryBytes) + searchesMax * (lineBytesMax + searchBytes),
    'changes to tell': watchersMax * watcherBytes,
    links: use.neighbours * (linkBytes + peerLineBytesMax(lineBytesMax) + clientsMax * entryBytes),
    bucket: use.bucket ? 2 * clientsMax * (location + entryBytes) : 0,
    disk: use.store ? diskChangesMax * (location + entryBytes) : 0,
  };
  const parts = Object.entries(onHeap).map(([part, bytes]) => ({ part, bytes: heapFactor * bytes }));
  return [
    { part: 'program', bytes: baselineBytes },
    ...parts,
    { part: 'output', bytes: backlogBytesInAllMax },
    { part: 'upstream', bytes: upstreamBytes },
    { part: 'log', bytes: use.log ? logBytes : 0 },
  ].filter(({ bytes }) => bytes > 0);
}

/** The most memory that a server takes, in bytes: the sum of `memoryPartsOf`. */
export function memoryBoundBytes(limits: Limits, use: MemoryUse): number {
  return memoryPartsOf(limits, use).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * The bytes of locations that each server of a process may hold: `storeBytesMax`, but together no more than half of the heap
 * that the process may have, as V8 ends a process whose heap is full.
 */
export function storeBytesWithin(storeBytesMax: number, servers: number, heapBytesMax: number): number {
  return Math.min(storeBytesMax, Math.floor(heapBytesMax / heapFactor / servers));
}
