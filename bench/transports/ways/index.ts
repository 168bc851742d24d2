import { versionOf } from '../packages.js';
import type { Transport } from '../transport.js';
import { grpcClientStream, grpcServerStream } from './grpc.js';
import { ours } from './ours.js';
import { redis } from './redis.js';
import { tcp, tls } from './sockets.js';
import { zeromq, zeromqCurve } from './zeromq.js';

const GRPC = `@grpc/grpc-js ${versionOf('@grpc/grpc-js')}`;
const ZEROMQ = `zeromq ${versionOf('zeromq')}`;

/** The ways that are compared. */
export const WAYS = {
  ours: { title: 'our stream', encrypted: true, transport: ours },
  tls: { title: 'TLS socket', encrypted: true, transport: tls },
  tcp: { title: 'TCP socket', encrypted: false, transport: tcp },
  'zeromq-curve': { title: `${ZEROMQ}, CURVE`, encrypted: true, transport: zeromqCurve },
  zeromq: { title: ZEROMQ, encrypted: false, transport: zeromq },
  'grpc-server-stream': { title: `${GRPC}, 16 MiB window`, encrypted: true, transport: grpcServerStream },
  'grpc-client-stream': {
    ...{ title: `${GRPC}, 64 KiB window`, encrypted: true, transport: grpcClientStream },
    // Seconds for each message.
    turns: 1,
  },
  redis: { title: 'Redis list', encrypted: false, transport: redis },
} as const satisfies Record<string, Way>;

export interface Way {
  readonly title: string;
  /** Whether nobody on the way can read the messages. */
  readonly encrypted: boolean;
  /** Absent: as many as of others. */
  readonly turns?: number;
  readonly transport: Transport;
}
export type WayName = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as WayName[];
