import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';

/**
 * fetch by Node's own HTTP. That of Node 20 compiles a parser first, for more CPU time than all the rest of a command
 * takes (docs/benchmarks.md). It follows no redirect: the API sends none.
 */
export const fetchOverHttp: typeof fetch = async (input, init) => {
  const from = input instanceof Request ? input : undefined;
  const url = new URL(from?.url ?? String(input));
  const method = init?.method ?? from?.method ?? 'GET';
  const headers = Object.fromEntries(new Headers(init?.headers ?? from?.headers));
  const body = await bodyOf(init?.body, from);
  const signal = init?.signal ?? undefined;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const request = send(url, { method, headers: { ...headers, ...length }, ...(signal && { signal }) });
    request.once('response', resolve);
    request.once('error', (error) =>
      reject(signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause: error })),
    );
    request.end(body);
  });
  return responseOf(answer, method);
};

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
