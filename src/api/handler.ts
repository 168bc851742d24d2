import type { Readable } from 'node:stream';
import type { ReceivedUpload } from '../contract/client/datasets.js';
import type { JobsService } from '../contract/client/service.js';
import type { TenantClient } from '../contract/client/tenant.js';
import type { operations } from '../contract/generated/openapi.js';

/**
 * The contract as types: a handler for every operation, that answers only what the contract lets it answer. A missing
 * operation, a status it does not declare or a wrong body is a compile error.
 */
export type OperationId = keyof operations;

export type Handlers = { readonly [Id in OperationId]: Handler<Id> };

export type Handler<Id extends OperationId> = (request: OperationRequest<Id>) => Promise<Answer<Id>>;

/** A request whose parts have passed the contract; defaults are filled in. */
export interface OperationRequest<Id extends OperationId> {
  readonly client: TenantClient;
  readonly service: ServiceState;
  /** Under which what the request sets off is traced; null where nothing is. */
  readonly traceparent: string | null;
  /** Aborts when the server closes: an answer without an end must end then. */
  readonly closing: AbortSignal;
  readonly params: Part<Id, 'path'>;
  readonly query: Query<Id>;
  /** By lower-case names, as Node has them. OpenAPI has no parameter for Accept. */
  readonly headers: Headers<Id> & { readonly accept?: string };
  /** An optional body that is absent is empty. */
  readonly body: Body<operations[Id]> | RawBody<operations[Id]>;
  /** The file of a multipart body. */
  readonly upload: ReceivedUpload | null;
  /** An upload that came in pieces, complete. @throws StrataError not_found, upload_incomplete */
  readonly openUpload: (id: string) => Promise<FinishedUpload>;
}

/** The operations on the service itself, as the caller may see it. */
export interface ServiceState {
  /** The figures of this process and of the service, in Prometheus' text format. */
  getMetrics(): Promise<string>;
  getReadiness(): ReturnType<JobsService['getReadiness']>;
  listWorkers(): ReturnType<JobsService['listWorkers']>;
}

type Part<Id extends OperationId, Name extends 'path' | 'query' | 'header'> = NonNullable<
  operations[Id]['parameters'][Name]
>;

/** Query parameters with a default are always there, which the generated types do not say; a test compares. */
export const DEFAULTED_QUERY = {
  createJob: ['dry_run'],
  listJobs: ['limit'],
  listDatasets: ['limit'],
  getJob: ['wait'],
  listJobEvents: ['after', 'limit'],
  listJobLogs: ['after', 'limit', 'follow'],
  listJobMetrics: ['points', 'raw'],
  listWebhookDeliveries: ['limit'],
  listModels: ['limit', 'order_by'],
  listModelTagChanges: ['limit'],
  predict: ['variant', 'top_k'],
} as const satisfies { readonly [Id in OperationId]?: readonly string[] };

type Defaulted<Id> = Id extends keyof typeof DEFAULTED_QUERY ? (typeof DEFAULTED_QUERY)[Id][number] : never;

type Query<Id extends OperationId> = Part<Id, 'query'> &
  Required<Pick<Part<Id, 'query'>, Defaulted<Id> & keyof Part<Id, 'query'>>>;

/** Of an operation without headers, which are never, none. */
type Headers<Id extends OperationId> = [Part<Id, 'header'>] extends [never]
  ? unknown
  : LowerCaseKeys<Part<Id, 'header'>>;

type LowerCaseKeys<T> = { readonly [Key in keyof T as Lowercase<Key & string>]: T[Key] };

/** Of an operation that takes several media types, any of theirs. */
type Body<Operation> = Operation extends { requestBody: { content: infer Media } }
  ? Media[Exclude<keyof Media, ImageType>]
  : Operation extends { requestBody?: { content: infer Media } }
    ? Partial<Media[keyof Media]>
    : undefined;

type ImageType = `image/${string}`;

/** An image comes as its bytes. */
type RawBody<Operation> = Operation extends { requestBody: { content: infer Media } }
  ? Extract<keyof Media, ImageType> extends never
    ? never
    : Uint8Array
  : never;

type SuccessStatus = 200 | 201 | 202 | 204 | 206 | 304;

/** One of the operation's declared successes. Errors are thrown as StrataError. */
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
  bytes(): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}
