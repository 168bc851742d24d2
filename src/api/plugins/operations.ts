import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import glue from 'fastify-openapi-glue';
import { DEFAULT_TENANT } from '../../contract/access.js';
import { StrataError } from '../../contract/errors.js';
import type { JobsClient, JobsService } from '../../contract/jobs-client.js';
import {
  type Contract,
  inlineRefSiblings,
  type OperationEntry,
  operationsOf,
  routerPath,
} from '../contract.js';
import type { OperationId } from '../operations.js';
import { handlers } from '../routes/index.js';

/** Mounts every operation of the contract with its handler, every part of every request validated. */
export async function mountOperations(
  app: FastifyInstance,
  contract: Contract,
  service: JobsService,
): Promise<void> {
  const closing = closingSignal(app);
  const entries = new Map(operationsOf(contract).map((entry) => [entry.id, entry]));
  await app.register(async (scope) => {
    scope.addHook('onRoute', ({ schema }) => {
      // A query on an operation that declares none must be refused too.
      if (schema) schema.querystring ??= { type: 'object', properties: {} };
    });
    // It warns where a media type of an answer has no parser, as if it were one of a request.
    scope.hasContentTypeParser = () => true;
    await scope.register(glue, {
      specification: inlineRefSiblings(contract.document),
      operationResolver: (id, method, path) => ({
        method,
        url: routerPath(path),
        handler: adapt(handlers[id as OperationId] as AnyHandler, { service, closing }),
        ...bodyRule(entries.get(id)),
      }),
    });
  });
}

/** What every handler is to the adapter; the types of src/api/operations.ts hold between contract and handler. */
type AnyHandler = (request: {
  client: JobsClient;
  closing: AbortSignal;
  params: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
}) => Promise<{ status: number; headers?: Readonly<Record<string, string>>; body?: unknown }>;

function adapt(handler: AnyHandler, surroundings: { service: JobsService; closing: AbortSignal }) {
  return async ({ method, params, query, headers, body }: FastifyRequest, reply: FastifyReply) => {
    const { service, closing } = surroundings;
    const client = service.forTenant(DEFAULT_TENANT);
    const answer = await handler({ client, closing, params, query, headers, body });
    reply.code(answer.status).headers(answer.headers ?? {});
    return reply.send(method === 'HEAD' ? withoutContent(answer.body) : answer.body);
  };
}

function closingSignal(app: FastifyInstance): AbortSignal {
  const controller = new AbortController();
  app.addHook('preClose', async () => controller.abort());
  return controller.signal;
}

/** Fastify drains the stream of a HEAD answer to its end, which a followed job may not have for hours. */
function withoutContent(body: unknown): unknown {
  if (!(body instanceof Readable)) return body;
  body.destroy();
  return Readable.from([]);
}

/** Fastify skips validation where there is no body, unless a Content-Type was sent. */
function bodyRule(entry: OperationEntry | undefined) {
  const body = entry?.operation.requestBody;
  if (body === undefined) return {};
  return { preValidation: body.required ? requireBody : fillEmptyBody };
}

async function requireBody({ body }: FastifyRequest): Promise<void> {
  if (body !== undefined) return;
  const message = 'A JSON body is needed, sent with `Content-Type: application/json`.';
  throw new StrataError('invalid_request', undefined, { errors: [{ pointer: '', message }] });
}

async function fillEmptyBody(request: FastifyRequest): Promise<void> {
  // Not `??=`: a body that is null must fail the contract.
  if (request.body === undefined) request.body = {};
}
