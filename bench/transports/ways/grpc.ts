import { loadPackage } from '../packages.js';
import { Inbox, type Meeting, Room, type Sending, type Transport } from '../transport.js';

/** The part of npm's `@grpc/grpc-js` that is used. */
interface Grpc {
  readonly Server: new (options: object) => GrpcServer;
  readonly Client: new (address: string, credentials: object, options: object) => GrpcClient;
  readonly ServerCredentials: {
    createSsl(roots: null, pairs: readonly { private_key: Buffer; cert_chain: Buffer }[]): object;
  };
  readonly credentials: { createSsl(roots: Buffer): object };
}
interface GrpcServer {
  addService(definition: object, handlers: Readonly<Record<string, (call: GrpcCall) => void>>): void;
  bindAsync(address: string, credentials: object, done: (error: Error | null) => void): void;
}
interface GrpcClient {
  waitForReady(deadline: Date, done: (error?: Error) => void): void;
  makeClientStreamRequest(path: string, write: Serialize, read: Serialize, done: () => void): GrpcCall;
  makeServerStreamRequest(path: string, write: Serialize, read: Serialize, argument: Buffer): GrpcCall;
}
interface GrpcCall {
  write(message: Uint8Array, done: () => void): boolean;
  on(event: 'data', listener: (message: Uint8Array) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  pause(): void;
  resume(): void;
}
type Serialize = (bytes: Buffer) => Buffer;

/** Messages are bytes: no protocol buffers are read or written. */
const same: Serialize = (bytes) => bytes;
const PATH = '/bench.Stream/pass';
const NAME = { 'grpc.ssl_target_name_override': 'bench', 'grpc.default_authority': 'bench' };
const OPTIONS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
/** Bytes that may be under way without a word of the receiver; only a client of grpc-js can say so. HTTP/2 begins with 64 KB. */
const WINDOW = { 'grpc-node.flow_control_window': 16 * 2 ** 20 };
const CONNECT_MS = 30_000;

/** The sender is the client: a window of 64 KB, which grpc-js's server does not let anyone widen. */
export const grpcClientStream: Transport = {
  async makeReceiver(meeting) {
    const { inbox, take } = inboxOf(meeting);
    await serve(meeting, meeting.receiver, { requestStream: true, responseStream: false }, take);
    return inbox;
  },
  async makeSender(meeting) {
    const client = await connect(meeting, meeting.receiver, {});
    return senderOver(
      client.makeClientStreamRequest(PATH, same, same, () => undefined),
      meeting,
    );
  },
};

/** The receiver is the client, which asks for a wide window. */
export const grpcServerStream: Transport = {
  async makeReceiver(meeting) {
    const { inbox, take } = inboxOf(meeting);
    // The sender is made after this receiver.
    void connect(meeting, meeting.sender, WINDOW).then((client) => {
      take(client.makeServerStreamRequest(PATH, same, same, Buffer.alloc(0)));
    });
    return inbox;
  },
  makeSender: (meeting) =>
    new Promise((resolve, reject) => {
      const begin = (call: GrpcCall) => resolve(senderOver(call, meeting));
      serve(meeting, meeting.sender, { requestStream: false, responseStream: true }, begin).catch(reject);
    }),
};

function inboxOf({ capacity }: Meeting) {
  let call: GrpcCall | null = null;
  const inbox = new Inbox((left) => {
    if (left < capacity) call?.resume();
  });
  const take = (came: GrpcCall): void => {
    call = came;
    came.on('data', (message) => {
      if (inbox.put(message) >= capacity) came.pause();
    });
    // The bench has ended its sender.
    came.on('error', () => undefined);
  };
  return { inbox, take };
}

function senderOver(call: GrpcCall, { capacity }: Meeting): Sending {
  const room = new Room(capacity);
  call.on('error', () => undefined);
  return {
    async send({ buffer }) {
      await room.take();
      call.write(Buffer.from(buffer), () => room.give());
    },
  };
}

function serve(
  { packages, port, certificate }: Meeting,
  host: string,
  kind: object,
  onCall: (call: GrpcCall) => void,
): Promise<void> {
  const grpc = loadPackage(packages, '@grpc/grpc-js') as Grpc;
  const server = new grpc.Server(OPTIONS);
  const way = { path: PATH, ...kind };
  const bytes = {
    ...{ requestSerialize: same, requestDeserialize: same },
    ...{ responseSerialize: same, responseDeserialize: same },
  };
  server.addService({ pass: { ...way, ...bytes } }, { pass: onCall });
  const credentials = grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.certificate) },
  ]);
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error) => (error ? reject(error) : resolve()));
  });
}

function connect({ packages, port, certificate }: Meeting, host: string, more: object): Promise<GrpcClient> {
  const grpc = loadPackage(packages, '@grpc/grpc-js') as Grpc;
  const credentials = grpc.credentials.createSsl(Buffer.from(certificate.certificate));
  const client = new grpc.Client(`${host}:${port}`, credentials, { ...OPTIONS, ...NAME, ...more });
  return new Promise((resolve, reject) => {
    client.waitForReady(new Date(Date.now() + CONNECT_MS), (error) =>
      error ? reject(error) : resolve(client),
    );
  });
}
