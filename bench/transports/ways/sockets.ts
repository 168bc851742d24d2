import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectSecurely, createServer as createSecureServer } from 'node:tls';
import { Inbox, type Meeting, type Receiving, Room, type Sending, type Transport } from '../transport.js';

/** Length of a message, before its bytes. */
const HEADER_BYTES = 4;
/** As our streams have it, so that the difference is the stream and not the cipher. */
const SECURED = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

export const tcp: Transport = {
  async makeReceiver({ receiver, port, capacity }) {
    const reader = new SocketReader(capacity);
    const server = createServer((socket) => reader.use(socket)).listen(port, receiver);
    await once(server, 'listening');
    return reader.inbox;
  },
  async makeSender({ receiver, port, capacity }) {
    const socket = connect(port, receiver).setNoDelay(true);
    await once(socket, 'connect');
    return senderOver(socket, capacity);
  },
};

export const tls: Transport = {
  async makeReceiver({ receiver, port, capacity, secret }): Promise<Receiving> {
    const reader = new SocketReader(capacity);
    const pskCallback = () => Buffer.from(secret, 'hex');
    const server = createSecureServer({ ...SECURED, pskCallback }, (socket) => reader.use(socket));
    await once(server.listen(port, receiver), 'listening');
    return reader.inbox;
  },
  async makeSender({ receiver, port, capacity, secret }: Meeting): Promise<Sending> {
    const socket = connectSecurely({
      ...{ ...SECURED, host: receiver, port },
      pskCallback: () => ({ psk: Buffer.from(secret, 'hex'), identity: 'bench' }),
      checkServerIdentity: () => undefined,
    });
    await once(socket.setNoDelay(true), 'secureConnect');
    return senderOver(socket, capacity);
  },
};

function senderOver(socket: Socket, capacity: number): Sending {
  const room = new Room(capacity);
  return {
    async send(bytes) {
      await room.take();
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt32BE(bytes.length);
      socket.write(header);
      socket.write(bytes, () => room.give());
    },
  };
}

class SocketReader {
  readonly inbox: Inbox;
  #socket: Socket | null = null;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #inHeader = 0;
  #body: Uint8Array | null = null;
  #inBody = 0;

  constructor(private readonly capacity: number) {
    this.inbox = new Inbox((left) => {
      if (left < capacity) this.#socket?.resume();
    });
  }

  use(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      let rest: Uint8Array = chunk;
      while (rest.length > 0) rest = this.#body ? this.#readBody(this.#body, rest) : this.#readHeader(rest);
    });
  }

  #readHeader(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, HEADER_BYTES - this.#inHeader);
    this.#header.set(taken, this.#inHeader);
    this.#inHeader += taken.length;
    if (this.#inHeader === HEADER_BYTES) {
      this.#body = new Uint8Array(this.#header.readUInt32BE());
      this.#inBody = 0;
    }
    return chunk.subarray(taken.length);
  }

  #readBody(body: Uint8Array, chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, body.length - this.#inBody);
    body.set(taken, this.#inBody);
    this.#inBody += taken.length;
    if (this.#inBody === body.length) {
      this.#body = null;
      this.#inHeader = 0;
      if (this.inbox.put(body) >= this.capacity) this.#socket?.pause();
    }
    return chunk.subarray(taken.length);
  }
}
