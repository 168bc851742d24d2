import type { Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../../contract/message-of.js';
import type { StreamEnd } from '../../../contract/trainer-protocol.js';
import { awaitAt, isOnNetwork, reach } from './ends.js';
import { FRAME, type Frame, FrameReader, headerOf } from './frame.js';
import { watchSilence } from './silence.js';

/** The neighbor of a trainer in its gang. */
export type Side = 'upstream' | 'downstream';

export interface ThreadOptions {
  /** Ends at which the downstream neighbor is awaited and the upstream neighbor is; null where there is none. */
  readonly listen: StreamEnd | null;
  readonly connect: StreamEnd | null;
  /** Frames that may wait to be read; while there are more, nothing is taken from the socket. */
  readonly capacity: number;
}

export type ToThread =
  | { readonly type: 'send'; readonly side: Side; readonly frame: Frame }
  /** A frame was read by the loop. */
  | { readonly type: 'read'; readonly side: Side }
  /** No frame follows. */
  | { readonly type: 'end' };

export type FromThread =
  | { readonly type: 'frame'; readonly side: Side; readonly frame: Frame }
  /** A frame has left for the neighbor. */
  | { readonly type: 'sent'; readonly side: Side }
  /** The neighbor sends nothing more; with `broken`, nothing reaches it either. */
  | { readonly type: 'ended'; readonly side: Side; readonly message: string; readonly broken: boolean }
  | { readonly type: 'closed' };

/**
 * The thread's side: it owns the sockets, so that frames come and go while the loop computes. It serves one task and then
 * ends.
 */
export function serveSockets(port: MessagePort, { listen, connect: target, capacity }: ThreadOptions): void {
  const post = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const neighborAt = (side: Side, end: StreamEnd | null) =>
    end === null ? null : new NeighborSocket(side, capacity, isOnNetwork(end), post);
  const upstream = neighborAt('upstream', target);
  const downstream = neighborAt('downstream', listen);
  const sides = { upstream, downstream };
  const awaited =
    listen &&
    awaitAt(
      listen,
      (socket) => downstream?.use(socket),
      ({ message }) => downstream?.fail(message),
    );
  const reaching = target && reach(target, (socket) => upstream?.use(socket));
  port.on('message', (message: ToThread) => {
    if (message.type === 'send') sides[message.side]?.send(message.frame);
    else if (message.type === 'read') sides[message.side]?.wasRead();
    else {
      void Promise.all([upstream?.end(), downstream?.end()]).then(() => {
        reaching?.();
        awaited?.();
        post({ type: 'closed' });
        port.close();
      });
    }
  });
}

/** A neighbor has this long to come: all trainers of a gang get their task at the same time, but some must start first. */
const CONNECT_MS = 120_000;

const PING: Frame = { kind: FRAME.ping, bytes: new ArrayBuffer(0) };

/** The socket to one neighbor. Frames that are sent before it is connected wait. */
class NeighborSocket {
  #socket: Socket | null = null;
  #waiting: Frame[] = [];
  #unread = 0;
  #over = false;
  #closing = false;
  #connected: () => void = () => undefined;
  readonly #connection = new Promise<void>((resolve) => {
    this.#connected = resolve;
  });
  readonly #patience: NodeJS.Timeout;
  readonly #reader = new FrameReader((frame) => this.#received(frame));

  constructor(
    private readonly side: Side,
    private readonly capacity: number,
    /** Whether the neighbor may be gone without a word. */
    private readonly onNetwork: boolean,
    private readonly post: (message: FromThread, transfer?: ArrayBuffer[]) => void,
  ) {
    this.#patience = setTimeout(() => this.fail('no neighbor came'), CONNECT_MS);
  }

  use(socket: Socket): void {
    if (this.#socket) {
      socket.destroy();
      return;
    }
    clearTimeout(this.#patience);
    this.#socket = socket;
    this.#connected();
    socket.on('data', (chunk) => {
      try {
        if (!this.#closing) this.#reader.push(chunk);
      } catch (error) {
        this.fail(messageOf(error));
        socket.destroy();
      }
    });
    socket.on('error', ({ message }) => this.fail(message));
    socket.on('end', () => {
      this.post({ type: 'ended', side: this.side, message: 'it has ended', broken: false });
    });
    socket.on('close', () => this.fail('the connection was closed'));
    if (this.onNetwork) {
      watchSilence(socket, headerOf(PING), (message) => {
        this.fail(message);
        socket.destroy();
      });
    }
    for (const frame of this.#waiting.splice(0)) this.send(frame);
  }

  send(frame: Frame): void {
    if (!this.#socket) {
      this.#waiting.push(frame);
      return;
    }
    this.#socket.write(headerOf(frame));
    this.#socket.write(new Uint8Array(frame.bytes), () => this.post({ type: 'sent', side: this.side }));
  }

  wasRead(): void {
    this.#unread--;
    if (this.#unread < this.capacity) this.#socket?.resume();
  }

  /** Says once that the stream is broken, and why. */
  fail(message: string): void {
    if (this.#over) return;
    this.#over = true;
    this.post({ type: 'ended', side: this.side, message, broken: true });
  }

  /**
   * Says that nothing more follows, and resolves when the neighbor has said so too. Until then, what it still sends is
   * taken and dropped: a trainer that stops at a checkpoint ends before its neighbor does.
   */
  async end(): Promise<void> {
    if (this.#waiting.length > 0) await this.#connection;
    clearTimeout(this.#patience);
    const socket = this.#socket;
    this.#closing = true;
    if (!socket || socket.destroyed) return;
    socket.resume();
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
    });
  }

  #received(frame: Frame): void {
    if (frame.kind === FRAME.ping) return;
    this.#unread++;
    if (this.#unread >= this.capacity) this.#socket?.pause();
    this.post({ type: 'frame', side: this.side, frame }, [frame.bytes]);
  }
}
