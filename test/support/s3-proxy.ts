import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';

/** The treatment of a request to the store behind the proxy. */
export type Treatment =
  | 'pass'
  | 'dead'
  | 'silent'
  | 'slow'
  | 'full'
  | 'denied'
  | 'broken'
  | 'busy'
  | 'lie'
  | 'drop'
  | 'cut';

export interface S3Proxy {
  readonly url: string;
  /** Chosen anew for each request. */
  treat: (method: string, path: string, headers: IncomingHttpHeaders) => Treatment;
  /** Requests so far, by treatment. */
  readonly counts: Map<Treatment, number>;
  stop(): Promise<void>;
}

const REFUSALS = {
  full: { status: 507, code: 'InsufficientStorage' },
  denied: { status: 403, code: 'SignatureDoesNotMatch' },
  broken: { status: 500, code: 'InternalError' },
  busy: { status: 503, code: 'SlowDown' },
};
/** Time that a slow store takes for each piece of what it reads and sends. */
const PIECE_MS = 5;

/** A store that is dead, silent, slow, full, broken or lying, in front of a real one. */
export async function startS3Proxy(endpoint: string): Promise<S3Proxy> {
  const server = createServer((asked, answer) => {
    const treatment = proxy.treat(asked.method ?? '', asked.url ?? '', asked.headers);
    proxy.counts.set(treatment, (proxy.counts.get(treatment) ?? 0) + 1);
    if (treatment === 'dead') asked.socket.destroy();
    else if (isRefusal(treatment)) refuse(asked, answer, REFUSALS[treatment]);
    else if (treatment === 'drop' && asked.method !== 'GET') drop(asked, answer);
    else if (treatment !== 'silent') forward(endpoint, asked, answer, treatment);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: S3Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    treat: () => 'pass',
    counts: new Map(),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function isRefusal(treatment: Treatment): treatment is keyof typeof REFUSALS {
  return Object.hasOwn(REFUSALS, treatment);
}

/** Lets bytes through piece by piece. */
function slowly(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      setTimeout(() => done(null, chunk), PIECE_MS);
    },
  });
}

function refuse(
  asked: IncomingMessage,
  answer: ServerResponse,
  { status, code }: { status: number; code: string },
): void {
  asked.resume();
  answer.writeHead(status, { 'content-type': 'application/xml' });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

/** Says that it took what was sent, and takes nothing. */
function drop(asked: IncomingMessage, answer: ServerResponse): void {
  asked.resume();
  asked.once('end', () => {
    answer.writeHead(200, { 'content-type': 'application/xml', etag: '"dropped"' });
    answer.end(
      asked.method === 'POST'
        ? '<?xml version="1.0"?><CompleteMultipartUploadResult></CompleteMultipartUploadResult>'
        : undefined,
    );
  });
}

/** The signature covers the headers, so they go on unchanged. */
function forward(
  endpoint: string,
  asked: IncomingMessage,
  answer: ServerResponse,
  treatment: Treatment,
): void {
  const onward = request(new URL(asked.url ?? '', endpoint), {
    method: asked.method,
    headers: asked.headers,
    setHost: false,
  });
  onward.on('error', () => answer.destroy());
  onward.on('response', (given) => {
    answer.writeHead(given.statusCode ?? 502, given.headers);
    if (treatment === 'pass' || treatment === 'drop') return given.pipe(answer);
    if (treatment === 'slow') return given.pipe(slowly()).pipe(answer);
    given.once('data', (chunk: Buffer) => {
      given.destroy();
      if (treatment === 'lie') return answer.end(chunk.map((byte) => byte ^ 1));
      answer.write(chunk.subarray(0, chunk.length / 2), () => answer.destroy());
    });
  });
  if (treatment === 'slow') asked.pipe(slowly()).pipe(onward);
  else asked.pipe(onward);
}
