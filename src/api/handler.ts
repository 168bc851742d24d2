import type { Readable } from 'node:stream';
import type { Principal } from '../contract/access.js';
import type { ReceivedUpload } from '../contract/client/datasets.js';
import type { SentSpec } from '../contract/client/jobs.js';
import type { JobsService } from '../contract/client/service.js';
import type { CheckJob } from '../contract/client/sweeps.js';
import type { TenantClient } from '../contract/client/tenant.js';
import type { operations } from '../contract/generated/openapi.js';

/**
 * The contract as types: one handler for every operation, which can return only responses of the contract. A
 * missing operation, an undeclared status or a wrong body is a compile error.
 */
export type OperationId = keyof operations;

export type Handlers = { readonly [Id in OperationId]: Handler<Id> };

export type Handler<Id extends OperationId> = (request: OperationRequest<Id>) => Promise<Answer<Id>>;

/** A request that matches the contract, with its defaults filled in. */
export interface OperationRequest<Id extends OperationId> {
  readonly client: TenantClient;
  readonly service: ServiceState;
  /** Parent span of the work that this request starts; null without tracing. */
  readonly traceparent: string | null;
  /** Aborts when the server closes. Responses without an end must end then. */
  readonly closing: AbortSignal;
  /** Aborts when the caller has gone away before the response. */
  readonly leaving: AbortSignal;
  readonly caller: Caller;
  /** Whether the method is HEAD: the caller wants no body. */
  readonly isHead: boolean;
  readonly params: Part<Id, 'path'>;
  readonly query: Query<Id>;
  /** Headers by lower-case names, as in Node. OpenAPI has no parameter for Accept. */
  readonly headers: Headers<Id> & { readonly accept?: string };
  /** The body. A missing optional body is an empty object. */
  readonly body: Body<operations[Id]> | RawBody<operations[Id]>;
  /** The body as it was sent, without the contract's defaults. Undefined for every operation but `createJob`. */
  readonly sent: Id extends 'createJob' ? SentSpec : undefined;
  /** Checks a job that the server made itself. */
  readonly checkJob: CheckJob;
  /** The file of a multipart body. */
  readonly upload: ReceivedUpload | null;
  /** Opens a complete resumable upload. @throws StrataError not_found, upload_incomplete */
  readonly openUpload: (id: string) => Promise<FinishedUpload>;
}

/** Who sent a request, and how. */
export interface Caller {
  readonly principal: Principal;
  /** Its API key; null on a server without keys. */
  readonly key: string | null;
  /** The session of a browser; null for a caller that sent its key. */
  readonly session: { readonly expiresAt: Date } | null;
  /** Whether it uses https. */
  readonly isSecure: boolean;
}

/** Operations on the service itself, limited to the view of the caller. */
export interface ServiceState {
  readonly version: string;
  /** Figures of this process and of the service, in Prometheus' text format. */
  getMetrics(): Promise<string>;
  getReadiness(): ReturnType<JobsService['getReadiness']>;
  listWorkers(): ReturnType<JobsService['listWorkers']>;
  drainWorker(id: string): ReturnType<JobsService['drainWorker']>;
  /** Begins a session of a browser with this key. */
  createSession(key: string): ReturnType<JobsService['sealSession']>;
}

type Part<Id extends OperationId, Name extends 'path' | 'query' | 'header'> = NonNullable<
  operations[Id]['parameters'][Name]
>;

/**
 * Query parameters with a default are always present. The generated types do not say so; a test compares this list
 * with the contract.
 */
export const DEFAULTED_QUERY = {
  createJob: ['dry_run'],
  listJobs: ['limit', 'archived', 'order_by'],
  createSweep: ['dry_run'],
  listSweeps: ['limit'],
  listDatasets: ['limit'],
  listWeights: ['limit'],
  getJob: ['wait'],
  listEvents: ['limit'],
  listJobEvents: ['after', 'limit'],
  listJobLogs: ['after', 'limit', 'follow'],
  listJobMetrics: ['points', 'raw'],
  listWebhookDeliveries: ['limit'],
  listEvaluations: ['limit'],
  listBatchPredictions: ['limit'],
  listPromotions: ['limit'],
  listRegisteredModels: ['limit'],
  listModels: ['limit', 'order_by'],
  listModelTagChanges: ['limit'],
  listReproductions: ['limit'],
  predict: ['variant', 'top_k'],
  getModelEvaluation: ['variant'],
  listModelErrors: ['variant', 'offset', 'limit'],
  listDatasetImages: ['split', 'offset', 'limit'],
} as const satisfies { readonly [Id in OperationId]?: readonly string[] };

type Defaulted<Id> = Id extends keyof typeof DEFAULTED_QUERY ? (typeof DEFAULTED_QUERY)[Id][number] : never;

type Query<Id extends OperationId> = Part<Id, 'query'> &
  Required<Pick<Part<Id, 'query'>, Defaulted<Id> & keyof Part<Id, 'query'>>>;

/** Headers of an operation; an empty type for an operation without headers, whose generated type is never. */
type Headers<Id extends OperationId> = [Part<Id, 'header'>] extends [never]
  ? unknown
  : LowerCaseKeys<Part<Id, 'header'>>;

type LowerCaseKeys<T> = { readonly [Key in keyof T as Lowercase<Key & string>]: T[Key] };

/** Body of an operation; for several media types, the union of their types. */
type Body<Operation> = Operation extends { requestBody: { content: infer Media } }
  ? Media[Exclude<keyof Media, ImageType>]
  : Operation extends { requestBody?: { content: infer Media } }
    ? Partial<Media[keyof Media]>
    : undefined;

type ImageType = `image/${string}`;

/** An image body arrives as bytes. */
type RawBody<Operation> = Operation extends { requestBody: { content: infer Media } }
  ? Extract<keyof Media, ImageType> extends never
    ? never
    : Uint8Array
  : never;

type SuccessStatus = 200 | 201 | 202 | 204 | 206 | 302 | 304;

/** A declared success response of the operation. Errors are thrown as StrataError. */
export type Answer<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses'] & SuccessStatus]: {
    readonly status: Status;
    readonly headers?: Readonly<Record<string, string>>;
  } & Content<operations[Id]['responses'][Status]>;
}[keyof operations[Id]['responses'] & SuccessStatus];

type Content<Response> = Response extends { content: infer Media }
  ? {
      readonly body: {
        [Type in keyof Media]: Type extends 'application/json' ? Media[Type] : Readable;
      }[keyof Media];
    }
  : { readonly body?: undefined };

export interface FinishedUpload {
  readonly id: string;
  readonly path: string;
  remove(): Promise<void>;
}
