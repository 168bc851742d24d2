import { type LookupAddress, lookup } from 'node:dns';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { messageOf } from '../../contract/message-of.js';
import { isPublicAddress } from './address.js';
import {
  checkTarget,
  hostOf,
  isAllowed,
  noPublicHost,
  OutgoingError,
  type OutgoingPolicy,
} from './target.js';

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | OutgoingBytes;
  /** Limit for the whole request, from the name look-up to the last byte of the response. */
  readonly timeoutMs: number;
  /** A longer response is aborted. */
  readonly maxBytes: number;
}

/** A body that need not fit into memory. */
export interface OutgoingBytes {
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly sizeBytes: number;
}

export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * Sends a request to a URL from a user. All such requests go through this function. It allows public addresses
 * only, and connects to the address that was checked, because a name may resolve differently a moment later. It
 * follows no redirect: a 3xx response is returned like any other. @throws OutgoingError with a message for the user
 */
export async function sendRequest(
  target: string,
  request: OutgoingRequest,
  policy: OutgoingPolicy,
): Promise<OutgoingAnswer> {
  const signal = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await begin(target, request, policy, signal);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await read(response, request.maxBytes),
    };
  } catch (error) {
    // A response that is cut off within its body ends with a connection error.
    if (signal.aborted) throw tooSlow(request.timeoutMs, error);
    throw error;
  }
}

/**
 * Sends a request of which only the status counts: the answer's body is neither read nor waited for, however long or slow
 * it is.
 * @throws OutgoingError with a message for the user
 */
export async function sendForStatus(
  target: string,
  request: Omit<OutgoingRequest, 'maxBytes'>,
  policy: OutgoingPolicy,
): Promise<Omit<OutgoingAnswer, 'body'>> {
  const signal = AbortSignal.timeout(request.timeoutMs);
  try {
    const response = await begin(target, request, policy, signal);
    response.destroy();
    return { status: response.statusCode ?? 0, headers: response.headers };
  } catch (error) {
    if (signal.aborted) throw tooSlow(request.timeoutMs, error);
    throw error;
  }
}

const tooSlow = (timeoutMs: number, cause: unknown): OutgoingError =>
  new OutgoingError(`did not answer within ${timeoutMs / 1000} s`, { cause });

/**
 * Like `sendRequest`, for responses that do not fit into memory. The caller reads the body and stops when it is too
 * long.
 * @param signal aborts the request and its body
 * @throws OutgoingError with a message for the user
 */
export function openResponse(
  target: string,
  policy: OutgoingPolicy,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return begin(target, { method: 'GET', headers: {} }, policy, signal);
}

async function begin(
  target: string,
  { method, headers, body }: Pick<OutgoingRequest, 'method' | 'headers' | 'body'>,
  policy: OutgoingPolicy,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = checkTarget(target, policy);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  try {
    const outgoing = send(url, {
      method,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-length': String(lengthOf(body)) }),
      },
      // A new connection for each request, with a new name look-up.
      agent: false as const,
      lookup: publicLookup(url, policy),
      signal,
    });
    const answered = answerTo(outgoing);
    if (typeof body !== 'object') outgoing.end(body);
    // A response may come before the body is read: then nobody waits for the rest.
    else pipeline(Readable.from(body.bytes), outgoing, (error) => error && outgoing.destroy(error));
    return await answered;
  } catch (error) {
    throw toOutgoingError(error as Error & { code?: string }, url);
  }
}

const lengthOf = (body: string | OutgoingBytes): number =>
  typeof body === 'string' ? Buffer.byteLength(body) : body.sizeBytes;

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new OutgoingError(`sent a response of more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OutgoingError) throw error;
    throw new OutgoingError(`closed the connection: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks);
}

/**
 * The socket connects to the addresses that were checked here. One private address among public ones rejects the
 * host.
 */
function publicLookup(url: URL, policy: OutgoingPolicy): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return done(isUnknown(error) ? noPublicHost(hostname, error) : error, []);
      const isPublic = addresses.every(({ address }) => isPublicAddress(address));
      if (!isPublic && !isAllowed(url, policy)) return done(noPublicHost(hostname), []);
      if (options.all) return done(null, addresses);
      const [first] = addresses;
      return done(null, first?.address ?? '', first?.family);
    });
  };
}

function isUnknown({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

function toOutgoingError(error: Error & { code?: string }, url: URL): OutgoingError {
  if (error instanceof OutgoingError) return error;
  return new OutgoingError(`could not be reached at ${hostOf(url)}: ${error.code ?? error.message}`, {
    cause: error,
  });
}
