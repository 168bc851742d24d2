import { BATCH_ERRORS } from './errors/batches.js';
import type { RetryClass } from './errors/catalogue-entry.js';
import { DATASET_CONTENT_ERRORS } from './errors/dataset-content.js';
import { DATASET_ERRORS } from './errors/datasets.js';
import { EVALUATION_ERRORS } from './errors/evaluations.js';
import { JOB_AND_MODEL_ERRORS } from './errors/jobs-and-models.js';
import { PREDICTION_ERRORS } from './errors/predictions.js';
import { REGISTRY_ERRORS } from './errors/registry.js';
import { REQUEST_ERRORS } from './errors/requests.js';
import { SERVICE_ERRORS } from './errors/service.js';
import { SWEEP_ERRORS } from './errors/sweeps.js';
import { TASK_ERRORS } from './errors/tasks.js';
import { WEIGHTS_ERRORS } from './errors/weights.js';

export type { RetryClass } from './errors/catalogue-entry.js';

/**
 * The one catalogue of errors, for HTTP answers and for failed tasks: the sum of the subjects in errors/. docs/errors.md
 * is generated from it. Match errors by code, never by text.
 */
export const ERRORS = {
  ...REQUEST_ERRORS,
  ...JOB_AND_MODEL_ERRORS,
  ...DATASET_ERRORS,
  ...DATASET_CONTENT_ERRORS,
  ...PREDICTION_ERRORS,
  ...EVALUATION_ERRORS,
  ...BATCH_ERRORS,
  ...REGISTRY_ERRORS,
  ...SERVICE_ERRORS,
  ...SWEEP_ERRORS,
  ...TASK_ERRORS,
  ...WEIGHTS_ERRORS,
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An invalid field. `pointer` is a JSON pointer, like `/model/depth`. `in` is the body unless given. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
  readonly in?: 'body' | 'query' | 'path' | 'header';
}

interface StrataErrorOptions {
  readonly errors?: readonly FieldError[];
  /** HTTP headers of the response, like `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An error with a code from the catalogue. `detail` describes this occurrence. Without a detail, it is derived from
 * the invalid fields, or else it is the remedy.
 */
export class StrataError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, detail?: string, options: StrataErrorOptions = {}) {
    const { cause } = options;
    const errors = (options.errors ?? []).slice(0, MAX_FIELD_ERRORS).map(shortened);
    const known = shorten(detail ?? summaryOf(errors), MAX_DETAIL_CHARACTERS);
    super(known ?? ERRORS[code].title, { cause });
    this.name = 'StrataError';
    this.code = code;
    this.detail = known ?? ERRORS[code].remedy;
    this.errors = errors;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retry(): RetryClass {
    return ERRORS[this.code].retry;
  }
}

/** Fields that one error names, and characters of its texts: a caller's mistake must not make a long answer. */
export const MAX_FIELD_ERRORS = 20;
const MAX_POINTER_CHARACTERS = 200;
const MAX_MESSAGE_CHARACTERS = 1_000;
const MAX_DETAIL_CHARACTERS = 4_000;

function shortened({ pointer, message, ...rest }: FieldError): FieldError {
  return {
    ...rest,
    pointer: shorten(pointer, MAX_POINTER_CHARACTERS),
    message: shorten(message, MAX_MESSAGE_CHARACTERS),
  };
}

/** The beginning of a long text, without half of a surrogate pair at its end. */
function shorten<Text extends string | undefined>(text: Text, max: number): Text | string {
  if (text === undefined || text.length <= max) return text;
  return `${text.slice(0, max).replace(/[\ud800-\udbff]$/, '')}…`;
}

function summaryOf(errors: readonly FieldError[]): string | undefined {
  if (errors.length === 0) return undefined;
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join(' ');
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The policy for a code from another process. An unknown code counts as `internal`. */
export function retryClassOf(code: string): RetryClass {
  return ERRORS[isErrorCode(code) ? code : 'internal'].retry;
}
