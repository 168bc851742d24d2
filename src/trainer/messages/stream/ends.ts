import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { connect as connectSecurely, createServer as createSecureServer } from 'node:tls';
import type { NetworkEnd, StreamEnd } from '../../../contract/trainer-protocol.js';

export function isOnNetwork(end: StreamEnd): end is NetworkEnd {
  return 'port' in end;
}

/**
 * TLS 1.3 with the secret of the stream in place of certificates, and a fresh key exchange: who reads the secret later cannot
 * read what was sent (RFC 8446, psk_dhe_ke). The cipher is the quickest one here that goes with such a secret.
 */
const SECURED = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
/** A stranger that connects and says nothing is not kept for longer. */
const HANDSHAKE_MS = 10_000;

/** Listens for the neighbor that knows the secret of this end. @returns a function that ends it */
export function awaitAt(
  end: StreamEnd,
  onSocket: (socket: Socket) => void,
  onError: (error: Error) => void,
): () => void {
  const server = isOnNetwork(end)
    ? createSecureServer(
        { ...SECURED, allowHalfOpen: true, handshakeTimeout: HANDSHAKE_MS, pskCallback: secretsOf(end) },
        onSocket,
      )
    : createServer({ allowHalfOpen: true }, onSocket);
  server.on('error', onError);
  server.listen(isOnNetwork(end) ? { port: end.port, ...ownHost(end) } : { path: end.path });
  return () => server.close();
}

function secretsOf({ identity, secret }: NetworkEnd) {
  return (_: unknown, asked: string) => (asked === identity ? Buffer.from(secret, 'hex') : null);
}

/** The interface to listen on; all of them where the address is that of a gateway, or a name. */
function ownHost({ host }: NetworkEnd): { host?: string } {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.some(({ address }) => address === host) ? { host } : {};
}

/** Pauses between attempts to reach a neighbor that does not listen yet. */
const RETRY_MS = 10;
const RETRY_ON_NETWORK_MS = 100;

/** Connects as soon as the neighbor listens. @returns a function that gives up */
export function reach(end: StreamEnd, onSocket: (socket: Socket) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let trying: Socket | null = null;
  const attempt = (): void => {
    const socket = connectTo(end);
    trying = socket;
    const again = () => {
      timer = setTimeout(attempt, isOnNetwork(end) ? RETRY_ON_NETWORK_MS : RETRY_MS);
    };
    socket.once('error', again);
    socket.once(isOnNetwork(end) ? 'secureConnect' : 'connect', () => {
      socket.off('error', again);
      trying = null;
      onSocket(socket);
    });
  };
  attempt();
  return () => {
    clearTimeout(timer);
    trying?.removeAllListeners('error').on('error', () => undefined);
    trying?.destroy();
  };
}

function connectTo(end: StreamEnd): Socket {
  if (!isOnNetwork(end)) return connect({ path: end.path, allowHalfOpen: true });
  const { host, port, identity, secret } = end;
  const socket = connectSecurely({
    ...{ ...SECURED, host, port, allowHalfOpen: true },
    pskCallback: () => ({ psk: Buffer.from(secret, 'hex'), identity }),
    // The secret says who the other one is.
    checkServerIdentity: () => undefined,
  });
  return socket.setNoDelay(true);
}
