import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OperationId } from '../handler.js';
import { acceptsByName } from '../http/event-stream.js';
import { matchesEtag } from '../http/range.js';

const compress = promisify(gzip);
/** Shorter answers fit one packet as they are. */
const MIN_COMPRESSED_LENGTH = 2_048;
/** Levels above it take twice the time for a few percent. */
const LEVEL = 4;

/** Operations that clients repeat while a job runs, with answers of up to megabytes. */
const TAGGED: readonly OperationId[] = ['getJob', 'listJobTasks', 'listJobAttempts'];

/**
 * JSON answers to GET are compressed for clients that accept gzip, and some have an ETag: who has the same answer already gets
 * 304. Streams are left alone: events must not wait in a compressor, and files have their own length and hash.
 */
export function lightenAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || request.method !== 'GET' || !isJson(reply)) return payload;
    if (isTagged(request) && reply.statusCode === 200 && matchesTag(request, reply, payload)) {
      reply.code(304).removeHeader('content-type');
      return null;
    }
    if (payload.length < MIN_COMPRESSED_LENGTH) return payload;
    reply.header('vary', 'Accept-Encoding');
    if (!acceptsGzip(request.headers['accept-encoding'])) return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return compress(payload, { level: LEVEL });
  });
}

const isJson = (reply: FastifyReply): boolean =>
  /\bjson\b/.test(String(reply.getHeader('content-type') ?? ''));

function isTagged({ routeOptions }: FastifyRequest): boolean {
  const { operationId } = routeOptions.config as { readonly operationId?: OperationId };
  return operationId !== undefined && TAGGED.includes(operationId);
}

/** Weak, because the compressed answer has the same one. */
function matchesTag({ headers }: FastifyRequest, reply: FastifyReply, payload: string): boolean {
  const tag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
  reply.headers({ etag: `W/${tag}`, 'cache-control': 'private, no-cache' });
  return matchesEtag(headers['if-none-match'], tag);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '');
  return acceptsByName(codings, 'gzip') || acceptsByName(codings, '*');
}
