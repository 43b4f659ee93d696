import type { AcceptPeer, PeerChannel, PeerChannelHandler, Transport } from '../../actors/ports/transport.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { hasOverlongLine, LineInput, linesOf } from '../../protocol/text/line-input.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { ListenerAddress, SimulatedNetwork } from './simulated-network.js';
import type { Socket, SocketHost, SocketListener } from './socket.js';

/** The address where a server accepts its peers. */
export function peerListenerAddress(server: string): ListenerAddress {
  return { address: `${server}/peers`, phase: 'links' };
}

/** Transport over the simulated network: as over TCP, connections are untrusted, and each line is encoded as bytes. */
export class SimulatedTransport implements Transport {
  constructor(
    private readonly network: SimulatedNetwork,
    private readonly host: SocketHost,
    private readonly lineBytesMax: number,
    private readonly onNoRoom: OnNoRoom,
  ) {}

  dial(to: ServerId, handler: PeerChannelHandler): PeerChannel {
    const wire = this.createWire(to, handler);
    wire.socket = this.network.dial(this.host, to, peerListenerAddress(to), wire);
    return wire;
  }

  /** Accepts connections of peers. */
  listen(server: ServerId, accept: AcceptPeer): void {
    this.network.listen(peerListenerAddress(server), {
      host: this.host,
      accept: (socket, caller) => {
        const wire = this.createWire(caller, undefined);
        wire.socket = socket;
        wire.report = accept(wire);
        return wire;
      },
    });
  }

  private createWire(remote: string, handler: PeerChannelHandler | undefined): SimulatedPeerWire {
    // As over TCP: the buffers of the operating systems, and twice as much in addition.
    const limits = { lineBytesMax: this.lineBytesMax, roomBytes: 2 * this.network.bufferBytes };
    return new SimulatedPeerWire(remote, handler, limits, this.network.receiveBuffer, () => this.onNoRoom(remote));
  }
}

/** Called when a peer channel had no room. */
type OnNoRoom = (remote: string) => void;

class SimulatedPeerWire implements PeerChannel, SocketListener {
  readonly isInProcess = false;
  socket: Socket | undefined;
  private readonly input: LineInput;

  constructor(
    readonly remoteAddress: string,
    public report: PeerChannelHandler | undefined,
    private readonly limits: { readonly lineBytesMax: number; readonly roomBytes: number },
    private readonly receiveBuffer: WordBuffer,
    private readonly onNoRoom: () => void,
  ) {
    this.input = new LineInput(limits.lineBytesMax);
  }

  get isWritable(): boolean {
    const hasRoom = (this.socket?.backlogBytes ?? 0) < this.limits.roomBytes;
    if (!hasRoom) this.onNoRoom();
    return hasRoom;
  }

  send(line: ByteString): void {
    this.socket?.write(`${line}\n`);
  }

  sendLocations(batch: LocationBatch): void {
    this.socket?.write(batch.buffer.text(0, batch.end));
  }

  close(): void {
    this.socket?.close();
  }

  opened(): void {
    this.report?.({ kind: 'channel-opened', channel: this });
  }

  bytes(text: ByteString): void {
    const end = this.receiveBuffer.write(text, 0);
    for (const region of this.input.push(this.receiveBuffer, 0, end)) {
      if (hasOverlongLine(region, this.limits.lineBytesMax)) {
        return this.socket?.fail('the remote end sent a line over the limit');
      }
      this.report?.({ kind: 'channel-lines', channel: this, lines: linesOf(region) });
    }
  }

  drained(): void {
    this.report?.({ kind: 'channel-drained', channel: this });
  }

  ended(): void {
    this.socket?.fail('the remote end closed');
  }

  closed(reason: string): void {
    this.report?.({ kind: 'channel-closed', channel: this, reason });
  }
}
