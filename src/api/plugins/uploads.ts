import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import type { TenantClient } from '../../contract/client/tenant.js';
import { StrataError } from '../../contract/errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The file of a multipart body, on disk; deleted after the answer unless it was made a dataset of. */
    upload: ReceivedUpload | null;
  }
}

/** The file's own size is limited where it is written; everything around it is small. */
const LIMITS = { fieldNameSize: 100, fieldSize: 4_096, fields: 16, files: 1, parts: 17, headerPairs: 50 };
const FILE_FIELD = 'file';
/** Fields whose text is JSON. */
const JSON_FIELDS = ['test_share', 'image'];

/** Takes multipart bodies, where an operation's contract has them. */
export async function takeUploads(app: FastifyInstance): Promise<void> {
  app.decorateRequest('upload', null);
  await app.register(multipart, { limits: { ...LIMITS, fileSize: Number.POSITIVE_INFINITY } });
}

/** A hook of operations that take no multipart body. */
export async function refuseMultipart({ headers }: FastifyRequest): Promise<void> {
  if (/^\s*multipart\//i.test(headers['content-type'] ?? '')) throw new StrataError('unsupported_media_type');
}

/**
 * A hook that reads a multipart body: its file goes to disk as it comes, in whatever order the fields are. They become
 * the body that the contract checks, in which the file is its name.
 */
export function readUpload(clientOf: (request: FastifyRequest) => Pick<TenantClient, 'datasets'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (!request.isMultipart()) return;
    reply.raw.once('close', () => void discard(request));
    try {
      request.body = await readParts(request, clientOf(request));
    } catch (error) {
      // What is still on its way is not worth waiting for.
      reply.header('connection', 'close');
      throw request.upload === null && isUnreadable(error) ? unreadable(error) : error;
    }
  };
}

async function readParts(request: FastifyRequest, client: Pick<TenantClient, 'datasets'>) {
  const body: Record<string, unknown> = Object.create(null);
  for await (const part of request.parts()) {
    const name = part.fieldname;
    if (name in body) throw invalid(name, 'Must be sent once.');
    if (part.type === 'field') body[name] = fieldValue(name, part.value);
    else if (name !== FILE_FIELD) throw invalid(name, `Files are sent as \`${FILE_FIELD}\`.`);
    else {
      request.upload = await client.datasets.receiveUpload(part.file);
      body[name] = part.filename;
    }
  }
  return body;
}

function fieldValue(name: string, value: unknown): unknown {
  if (!JSON_FIELDS.includes(name) || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // The contract says what it must be.
    return value;
  }
}

/** Of the reader of multipart bodies: a boundary that is missing, a part that is malformed, a body that is cut short. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && error.constructor === Error && !('code' in error || 'statusCode' in error);
}

function unreadable({ message }: Error): StrataError {
  return invalid('', `Is no readable multipart body (${message}): send it as \`curl -F\` does.`);
}

function invalid(name: string, message: string): StrataError {
  return new StrataError('invalid_request', undefined, {
    errors: [{ pointer: name && `/${name}`, message }],
  });
}

async function discard({ upload, log }: FastifyRequest): Promise<void> {
  await upload?.discard().catch((error: unknown) => log.warn({ err: error }, 'an upload was not deleted'));
}
