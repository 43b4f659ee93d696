import type { ByteString } from '../../protocol/text/bytes.js';

/** Writes a complete response to a client: one or two lines without their line ends. */
export type WriteResponse = (line: ByteString, secondLine?: ByteString) => void;

/** A response in the queue. */
export interface PendingResponse {
  /** Undefined until the response is complete. */
  line: ByteString | undefined;
  secondLine: ByteString | undefined;
}

/** Writes the responses of one connection in the order of its commands: an incomplete response holds back those behind it. */
export class ResponseQueue {
  private readonly pending: PendingResponse[] = [];
  private pendingBytes = 0;

  constructor(private readonly write: WriteResponse) {}

  /** The number of queued responses, complete or not. */
  get length(): number {
    return this.pending.length;
  }

  /** Bytes of the complete responses that wait for earlier ones. */
  get bytes(): number {
    return this.pendingBytes;
  }

  /** Adds a complete response. */
  add(line: ByteString): void {
    if (this.pending.length === 0) return this.write(line);
    this.pending.push({ line, secondLine: undefined });
    this.pendingBytes += line.length;
  }

  /** Adds an incomplete response. */
  reserve(): PendingResponse {
    const response: PendingResponse = { line: undefined, secondLine: undefined };
    this.pending.push(response);
    return response;
  }

  /** Completes a response, and writes all that need not wait any longer. */
  complete(response: PendingResponse, line: ByteString, secondLine?: ByteString): void {
    response.line = line;
    response.secondLine = secondLine;
    this.pendingBytes += line.length + (secondLine?.length ?? 0);
    let writtenCount = 0;
    for (const next of this.pending) {
      if (next.line === undefined) break;
      this.write(next.line, next.secondLine);
      this.pendingBytes -= next.line.length + (next.secondLine?.length ?? 0);
      writtenCount += 1;
    }
    this.pending.splice(0, writtenCount);
  }
}
