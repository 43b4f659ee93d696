import type { ByteString } from '../../protocol/text/bytes.js';

/** Sends a whole answer to a client: a line, or two that belong together, without their line ends. */
export type WriteResponse = (line: ByteString, secondLine?: ByteString) => void;

/** An answer that is being found out. Its place in the order is fixed. */
export interface PendingResponse {
  /** Undefined until it is known. */
  line: ByteString | undefined;
  secondLine: ByteString | undefined;
}

/** Keeps the answers of one connection in the order of its commands: one that is slow holds back those behind it. */
export class ResponseQueue {
  private readonly pending: PendingResponse[] = [];
  private pendingBytes = 0;

  constructor(private readonly write: WriteResponse) {}

  /** How many answers wait, known or not. */
  get length(): number {
    return this.pending.length;
  }

  /** Bytes of the answers that are known and wait for those before them. */
  get bytes(): number {
    return this.pendingBytes;
  }

  /** Takes an answer that is known already. */
  add(line: ByteString): void {
    if (this.pending.length === 0) return this.write(line);
    this.pending.push({ line, secondLine: undefined });
    this.pendingBytes += line.length;
  }

  /** Takes the place of an answer that is not known yet. */
  reserve(): PendingResponse {
    const response: PendingResponse = { line: undefined, secondLine: undefined };
    this.pending.push(response);
    return response;
  }

  /** Fills a place, and sends what need not wait any longer. */
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
