import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import glue from 'fastify-openapi-glue';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import type { JobsService } from '../../contract/client/service.js';
import type { CheckJob } from '../../contract/client/sweeps.js';
import type { TenantClient } from '../../contract/client/tenant.js';
import { StrataError } from '../../contract/errors.js';
import type { Caller, FinishedUpload, OperationId, ServiceState } from '../handler.js';
import { copyOf } from '../http/json-parts.js';
import { endWhenRevoked } from '../http/revocable.js';
import { isSecure } from '../http/session-cookie.js';
import {
  type Contract,
  inlineRefSiblings,
  type OperationEntry,
  operationsOf,
  routerPath,
  scopeOf,
} from '../openapi.js';
import { handlers } from '../routes/index.js';
import { type AccessOptions, authorize } from './access.js';
import { jobChecker } from './job-checker.js';
import { recipeRule } from './recipes.js';
import type { ResumableUploads } from './resumable.js';
import { readUpload, refuseMultipart } from './uploads.js';

/** Mounts every operation of the contract with its handler. Every part of every request is validated. */
export async function mountOperations(
  app: FastifyInstance,
  contract: Contract,
  access: AccessOptions & Omit<Surroundings, 'closing' | 'checkJob'>,
): Promise<void> {
  const { service, metrics, uploads } = access;
  const checkJob = jobChecker(contract);
  const surroundings = { service, metrics, uploads, closing: closingSignal(app), checkJob };
  const entries = new Map(operationsOf(contract).map((entry) => [entry.id, entry]));
  await app.register(async (scope) => {
    scope.addHook('onRoute', ({ schema }) => {
      // An operation without declared query parameters must also reject them.
      if (schema) schema.querystring ??= { type: 'object', properties: {} };
    });
    // Prevents a wrong warning: the library expects a parser for media types that only responses use.
    scope.hasContentTypeParser = () => true;
    await scope.register(glue, {
      specification: inlineRefSiblings(contract.document),
      operationResolver: (id, method, path) => {
        const entry = entries.get(id) as OperationEntry;
        return {
          method,
          url: routerPath(path),
          onRequest: [authorize(scopeOf(entry), access), access.limits.onRequest, ...uploadRule(entry)],
          handler: adapt(handlers[id as OperationId] as AnyHandler, surroundings),
          config: { operationId: id, mediaTypes: Object.keys(entry.operation.requestBody?.content ?? {}) },
          ...bodyLimit(entry),
          preValidation: [
            readUpload((request) => clientOf(request, access.service)),
            ...bodyRule(entry),
            ...(id === KEEPS_SENT_BODY ? [keepSentBody] : []),
            ...recipeRule(id as OperationId),
          ],
        };
      },
    });
  });
}

/** The untyped handler that the adapter calls. The types in src/api/handler.ts connect contract and handler. */
type AnyHandler = (request: {
  client: TenantClient;
  service: ServiceState;
  traceparent: string | null;
  closing: AbortSignal;
  leaving: AbortSignal;
  caller: Caller;
  isHead: boolean;
  params: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
  sent: unknown;
  checkJob: CheckJob;
  upload: ReceivedUpload | null;
  openUpload: (id: string) => Promise<FinishedUpload>;
}) => Promise<{ status: number; headers?: Readonly<Record<string, string>>; body?: unknown }>;

declare module 'fastify' {
  interface FastifyRequest {
    /** The body without the contract's defaults; kept for `createJob` only. */
    sentBody?: unknown;
  }
}

/** The operation that stores what was sent beside what it means. */
const KEEPS_SENT_BODY: OperationId = 'createJob';

/** Deeper bodies are never valid. */
const MAX_DEPTH = 32;

/** Validation fills defaults into the body itself. */
async function keepSentBody(request: FastifyRequest): Promise<void> {
  request.sentBody = copyOf(request.body, MAX_DEPTH);
}

/** Tenant of operations that need no key. It owns nothing. */
const NOBODY = '';

/** Dependencies that handlers get besides the request. */
interface Surroundings {
  readonly service: JobsService;
  readonly metrics: () => Promise<string>;
  readonly uploads: ResumableUploads;
  readonly closing: AbortSignal;
  readonly checkJob: CheckJob;
}

function adapt(handler: AnyHandler, { service, metrics, uploads, closing, checkJob }: Surroundings) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, params, query, headers, body, sentBody, principal, traceparent, upload } = request;
    const client = clientOf(request, service);
    const state = {
      version: service.version,
      getMetrics: metrics,
      getReadiness: () => service.getReadiness(),
      listWorkers: () => service.listWorkers(tenantOf(request)),
      drainWorker: (id: string) => service.drainWorker(tenantOf(request), id),
      createSession: (ofKey: string) => service.sealSession(ofKey),
    };
    const openUpload = (id: string) => uploads.open(tenantOf(request), id);
    const caller = callerOf(request);
    const asked = { caller, params, query, headers, body, sent: sentBody, checkJob, upload, openUpload };
    const leaving = leavingSignal(reply);
    const isHead = method === 'HEAD';
    const answer = await handler({ client, service: state, traceparent, closing, leaving, isHead, ...asked });
    const key = request.apiKey;
    if (principal !== null && key !== null && answer.body instanceof Readable) {
      endWhenRevoked(answer.body, async () => (await service.authenticate(key)) !== null);
    }
    reply.code(answer.status).headers(answer.headers ?? {});
    return reply.send(isHead ? withoutContent(answer.body) : answer.body);
  };
}

/** Operations that need no key have a caller without permissions. */
function callerOf({ principal, apiKey, session, protocol, headers }: FastifyRequest): Caller {
  return {
    principal: principal ?? { tenant: NOBODY, scopes: [], keyId: null },
    ...{ key: apiKey, session, isSecure: isSecure(protocol, headers) },
  };
}

function clientOf(request: FastifyRequest, service: JobsService): TenantClient {
  return service.forTenant(tenantOf(request));
}

function tenantOf({ principal }: FastifyRequest): string {
  return principal?.tenant ?? NOBODY;
}

function closingSignal(app: FastifyInstance): AbortSignal {
  const controller = new AbortController();
  app.addHook('preClose', async () => controller.abort());
  return controller.signal;
}

function leavingSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Fastify would read the stream of a HEAD response to its end. The stream of a followed job may last for hours. */
function withoutContent(body: unknown): unknown {
  if (!(body instanceof Readable)) return body;
  body.destroy();
  return Readable.from([]);
}

function uploadRule({ operation }: OperationEntry) {
  return 'multipart/form-data' in (operation.requestBody?.content ?? {}) ? [] : [refuseMultipart];
}

function bodyLimit({ operation }: OperationEntry) {
  const bytes = operation['x-body-limit-bytes'];
  return bytes === undefined ? {} : { bodyLimit: bytes };
}

/** Fastify skips validation if there is no body and no Content-Type. */
function bodyRule({ operation }: OperationEntry) {
  const body = operation.requestBody;
  if (body === undefined) return [];
  return [body.required ? requireBody(Object.keys(body.content)) : fillEmptyBody];
}

function requireBody(mediaTypes: readonly string[]) {
  const types = mediaTypes.map((type) => `\`Content-Type: ${type}\``).join(' or ');
  const kind = mediaTypes.length === 1 && mediaTypes[0] === 'application/json' ? 'JSON body' : 'body';
  const message = `A ${kind} is required, sent with ${types}.`;
  return async ({ body }: FastifyRequest): Promise<void> => {
    if (body !== undefined) return;
    throw new StrataError('invalid_request', undefined, { errors: [{ pointer: '', message }] });
  };
}

async function fillEmptyBody(request: FastifyRequest): Promise<void> {
  // Not `??=`: the contract must reject a body that is null.
  if (request.body === undefined) request.body = {};
}
