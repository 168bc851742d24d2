import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that no other server may see. */
const SECRETS = ['authorization', 'cookie', 'proxy-authorization'];

interface Asked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * fetch by Node's own HTTP. That of Node 20 compiles a parser first, for more CPU time than all the rest of a command
 * takes (docs/benchmarks.md). It follows redirects of GET, like those of downloads to a bucket, where another server gets no
 * key.
 */
export const fetchOverHttp: typeof fetch = async (input, init) => {
  const from = input instanceof Request ? input : undefined;
  let asked: Asked = {
    url: new URL(from?.url ?? String(input)),
    method: init?.method ?? from?.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init?.headers ?? from?.headers)),
    body: await bodyOf(init?.body, from),
    signal: init?.signal ?? undefined,
  };
  for (let redirects = 0; ; redirects++) {
    const answer = await send(asked);
    const next = redirected(asked, answer);
    if (next === null) return responseOf(answer, asked.method);
    answer.resume();
    if (redirects === MAX_REDIRECTS)
      throw new TypeError('fetch failed', { cause: new Error('too many redirects') });
    asked = next;
  }
};

function send({ url, method, headers, body, signal }: Asked): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const sent = request(url, { method, headers: { ...headers, ...length }, ...(signal && { signal }) });
    sent.once('response', resolve);
    sent.once('error', (error) =>
      reject(signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause: error })),
    );
    sent.end(body);
  });
}

/** The request that an answer leads to; null for an answer to keep. */
function redirected(asked: Asked, { statusCode = 0, headers: { location } }: IncomingMessage): Asked | null {
  if (asked.method !== 'GET' || location === undefined || !REDIRECTS.includes(statusCode)) return null;
  const url = new URL(location, asked.url);
  if (url.origin === asked.url.origin) return { ...asked, url };
  const headers = Object.entries(asked.headers).filter(([name]) => !SECRETS.includes(name));
  return { ...asked, url, headers: Object.fromEntries(headers) };
}

async function bodyOf(
  given: RequestInit['body'],
  from: Request | undefined,
): Promise<Uint8Array | undefined> {
  if (typeof given === 'string') return Buffer.from(given);
  if (given instanceof Uint8Array) return given;
  if (given !== undefined && given !== null) throw new TypeError('a body is text or bytes');
  return from?.body ? new Uint8Array(await from.arrayBuffer()) : undefined;
}

/** Statuses without a body, which Response refuses to give one. */
const EMPTY = [204, 205, 304];

function responseOf(answer: IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = answer;
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  const hasBody = method !== 'HEAD' && !EMPTY.includes(status);
  if (!hasBody) answer.resume();
  const body = hasBody ? (Readable.toWeb(answer) as ReadableStream<Uint8Array>) : null;
  return new Response(body, { status, statusText, headers });
}
