import { Socket } from 'node:net';
import { WordBuffer } from '../../protocol/text/word-buffer.js';

/** Size of the shared buffer: the largest chunk that Node reads from a socket. */
const sharedBytes = 65_536;

const shared = new WordBuffer(sharedBytes);

/** Receives a chunk, which is at the start of the buffer and valid during the call. */
export type OnChunk = (buffer: WordBuffer, bytes: number) => void;

/**
 * Copies a chunk of input to a buffer that is read by words, shared by all sockets of the process: a chunk is handled completely before
 * the next one is copied. Returns the buffer, with the chunk at its start.
 */
export function toReadBuffer(chunk: Uint8Array): WordBuffer {
  const buffer = chunk.length <= sharedBytes ? shared : new WordBuffer(chunk.length);
  buffer.bytes.set(chunk, 0);
  return buffer;
}

/**
 * Reads a connected socket from now on. The chunks of plain TCP are read directly into the shared buffer, which saves an allocation and
 * the work of a stream per chunk; those of TLS are copied to it.
 */
export function readSocket(socket: Socket, onChunk: OnChunk): void {
  const isDirect = useReadBuffer(socket, (bytes) => {
    onChunk(shared, bytes);
    return true;
  });
  if (isDirect) socket.resume();
  else socket.on('data', (chunk: Buffer) => onChunk(toReadBuffer(chunk), chunk.length));
}

type OnRead = (bytes: number) => boolean;

/** The option of `net.connect`. */
interface OnReadOption {
  readonly onread: { readonly buffer: Uint8Array; readonly callback: OnRead };
}

/** The part of a socket's handle that the option `onread` uses. */
interface ReadingHandle {
  useUserBuffer(buffer: Uint8Array): void;
}

/** Where a socket keeps its option `onread`. */
interface ReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/**
 * Sets the option `onread` of a socket that exists already: Node accepts it only for sockets that connect, not for those that a server
 * has accepted. Returns false, and changes nothing, if the socket has no such option.
 */
function useReadBuffer(socket: Socket, onRead: OnRead): boolean {
  // The fields are not part of Node's types.
  const handle: unknown = Reflect.get(socket, '_handle');
  if (readFields === undefined || !isReadingHandle(handle)) return false;
  if (Reflect.get(socket, readFields.buffer) !== null || Reflect.get(socket, readFields.callback) !== null)
    return false;
  Reflect.set(socket, readFields.buffer, shared.bytes);
  Reflect.set(socket, readFields.callback, onRead);
  handle.useUserBuffer(shared.bytes);
  return true;
}

/** TLS sockets have a handle of another class, which reads encrypted chunks. */
function isReadingHandle(handle: unknown): handle is ReadingHandle {
  if (typeof handle !== 'object' || handle === null) return false;
  return handle.constructor.name === 'TCP' && typeof Reflect.get(handle, 'useUserBuffer') === 'function';
}

/** Finds the fields in a socket that was created with the option; undefined if this version of Node has others. */
function findReadFields(): ReadFields | undefined {
  const onRead: OnRead = () => true;
  // The constructor takes the options of `net.connect`, of which its type lacks this one.
  const options: ConstructorParameters<typeof Socket>[0] & OnReadOption = {
    onread: { buffer: shared.bytes, callback: onRead },
  };
  const probe = new Socket(options);
  const fieldOf = (value: unknown) =>
    Object.getOwnPropertySymbols(probe).find((field) => Reflect.get(probe, field) === value);
  const [buffer, callback] = [fieldOf(shared.bytes), fieldOf(onRead)];
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}

const readFields = findReadFields();
