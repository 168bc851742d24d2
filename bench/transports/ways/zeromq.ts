import { createPrivateKey, createPublicKey } from 'node:crypto';
import { loadPackage } from '../packages.js';
import type { Meeting, Receiving, Sending, Transport } from '../transport.js';

/** The part of npm's `zeromq` 6 that is used. */
interface ZeroMq {
  readonly Push: new (options: object) => ZeroMqSocket;
  readonly Pull: new (options: object) => ZeroMqSocket;
}
interface ZeroMqSocket {
  bind(address: string): Promise<void>;
  connect(address: string): void;
  send(message: Uint8Array): Promise<void>;
  receive(): Promise<[Uint8Array]>;
}

export const zeromq = socketsOf(() => ({ sender: {}, receiver: {} }));
/** With CURVE, ZeroMQ's own encryption (Curve25519, XSalsa20-Poly1305). The secret of the meeting is the key of both ends. */
export const zeromqCurve = socketsOf((secret) => {
  const { publicKey, secretKey } = keysOf(secret);
  return {
    sender: { curvePublicKey: publicKey, curveSecretKey: secretKey, curveServerKey: publicKey },
    receiver: { curveServer: true, curveSecretKey: secretKey },
  };
});

/** The bytes that PKCS #8 puts before the 32 bytes of an X25519 key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

function keysOf(secret: string): { publicKey: string; secretKey: string } {
  const bytes = Buffer.from(secret, 'hex');
  const key = Buffer.concat([PKCS8_HEAD, bytes]);
  const { x = '' } = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  });
  return { publicKey: z85(Buffer.from(x, 'base64url')), secretKey: z85(bytes) };
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Four bytes as five characters, as ZeroMQ writes keys (RFC 32 of ZeroMQ). */
function z85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const value = bytes.readUInt32BE(at);
    for (let power = 85 ** 4; power >= 1; power /= 85) text += Z85[Math.floor(value / power) % 85];
  }
  return text;
}

function socketsOf(keysFrom: (secret: string) => { sender: object; receiver: object }): Transport {
  return {
    async makeReceiver({ packages, receiver, port, capacity, secret }: Meeting): Promise<Receiving> {
      const { Pull } = loadPackage(packages, 'zeromq') as ZeroMq;
      const socket = new Pull({ ...keysFrom(secret).receiver, receiveHighWaterMark: capacity });
      await socket.bind(`tcp://${receiver}:${port}`);
      return { receive: async () => (await socket.receive())[0] };
    },
    async makeSender({ packages, receiver, port, capacity, secret }: Meeting): Promise<Sending> {
      const { Push } = loadPackage(packages, 'zeromq') as ZeroMq;
      const socket = new Push({ ...keysFrom(secret).sender, sendHighWaterMark: capacity });
      socket.connect(`tcp://${receiver}:${port}`);
      return { send: (bytes) => socket.send(bytes) };
    },
  };
}
