import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import type { TenantClient } from '../../contract/client/tenant.js';
import { StrataError } from '../../contract/errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The file of a multipart body, on disk. It is deleted after the response unless something was made of it. */
    upload: ReceivedUpload | null;
  }
}

/** The size of the file is limited where it is written. All other parts are small. */
const LIMITS = { fieldNameSize: 100, fieldSize: 4_096, fields: 16, files: 1, parts: 17, headerPairs: 50 };
const FILE_FIELD = 'file';
/** Fields whose text is parsed as JSON. */
const JSON_FIELDS = ['test_share', 'image', 'class_names'];

/** Accepts multipart bodies for operations whose contract declares them. */
export async function takeUploads(app: FastifyInstance): Promise<void> {
  app.decorateRequest('upload', null);
  await app.register(multipart, { limits: { ...LIMITS, fileSize: Number.POSITIVE_INFINITY } });
}

/** A hook that rejects multipart bodies, for operations that do not declare them. */
export async function refuseMultipart({ headers }: FastifyRequest): Promise<void> {
  if (/^\s*multipart\//i.test(headers['content-type'] ?? '')) throw new StrataError('unsupported_media_type');
}

/**
 * A hook that reads a multipart body. The file is streamed to disk, whatever the order of the fields is. The fields
 * become the body that the contract checks; in it, the file is represented by its name.
 */
export function readUpload(clientOf: (request: FastifyRequest) => Pick<TenantClient, 'datasets'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (!request.isMultipart()) return;
    reply.raw.once('close', () => void discard(request));
    try {
      request.body = await readParts(request, clientOf(request));
    } catch (error) {
      // Do not wait for the rest of the upload.
      reply.header('connection', 'close');
      throw tooMany(error) ?? (request.upload === null && isUnreadable(error) ? unreadable(error) : error);
    }
  };
}

async function readParts(request: FastifyRequest, client: Pick<TenantClient, 'datasets'>) {
  const body: Record<string, unknown> = Object.create(null);
  for await (const part of request.parts()) {
    const name = part.fieldname;
    if (name in body) throw invalid(name, 'Must be sent exactly once.');
    if (part.type === 'field') {
      // A form sends every field that it shows, also an empty one.
      if (part.value !== '') body[name] = fieldValue(name, part.value);
    } else if (name !== FILE_FIELD) throw invalid(name, `Send the file in the field \`${FILE_FIELD}\`.`);
    else {
      request.upload = await client.datasets.receiveUpload(part.file);
      body[name] = part.filename;
    }
  }
  return body;
}

function fieldValue(name: string, value: unknown): unknown {
  if (value === 'null' && name !== 'name') return null;
  if (!JSON_FIELDS.includes(name) || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // The contract checks the value.
    return value;
  }
}

/** By the codes of the reader of multipart bodies, for which they are bodies that are too large. */
const TOO_MANY: Readonly<Record<string, StrataError>> = {
  FST_FILES_LIMIT: invalid(FILE_FIELD, 'Must be one file: pack several into one archive, a .zip or .tar.gz.'),
  FST_FIELDS_LIMIT: invalid('', `At most ${LIMITS.fields} fields are taken.`),
  FST_PARTS_LIMIT: invalid('', `At most ${LIMITS.parts} parts are taken: one file, and fields.`),
};

function tooMany(error: unknown): StrataError | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return Object.hasOwn(TOO_MANY, code) ? TOO_MANY[code]! : null;
}

/** True for the multipart parser's errors: a missing boundary, a malformed part, a body that was cut short. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && error.constructor === Error && !('code' in error || 'statusCode' in error);
}

function unreadable({ message }: Error): StrataError {
  return invalid('', `Is not a readable multipart body (${message}). Send it as \`curl -F\` does.`);
}

function invalid(name: string, message: string): StrataError {
  return new StrataError('invalid_request', undefined, {
    errors: [{ pointer: name && `/${name}`, message }],
  });
}

async function discard({ upload, log }: FastifyRequest): Promise<void> {
  await upload
    ?.discard()
    .catch((error: unknown) => log.warn({ err: error }, 'an upload could not be deleted'));
}
