/**
 * The one catalogue of errors, for HTTP answers and for failed tasks. docs/errors.md is generated from it. Match
 * errors by code, never by text.
 */

/**
 * Reaction to a task that failed with this error. retry: another attempt, within the maximum number of attempts.
 * uncounted: another attempt that does not count, within a separate limit. wait: another uncounted attempt after
 * growing pauses, for about a day. fatal: the job fails.
 */
export type RetryClass = 'retry' | 'uncounted' | 'wait' | 'fatal';

interface CatalogueEntry {
  /** HTTP status if the error ends a request. */
  readonly status: number;
  /** The same text for every error of this code. */
  readonly title: string;
  /** The remedy for the reader. */
  readonly remedy: string;
  readonly retry: RetryClass;
}

export const ERRORS = {
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    remedy: 'Send one JSON value. The detail says at which place parsing stopped.',
    retry: 'fatal',
  },
  invalid_request: {
    status: 400,
    title: 'The request does not match the API contract',
    remedy: 'Correct each field listed in `errors`. `/docs` describes every operation.',
    retry: 'fatal',
  },
  invalid_spec: {
    status: 400,
    title: 'The job cannot be trained as specified',
    remedy: 'Correct each field listed in `errors`. `?dry_run=true` checks a job without storing it.',
    retry: 'fatal',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor belongs to another list',
    remedy:
      'Take `after` from `next` of the previous page and keep the same order. To start at the first page, leave `after` out.',
    retry: 'fatal',
  },
  unauthenticated: {
    status: 401,
    title: 'An API key is required',
    remedy:
      'Send `Authorization: Bearer <key>` with a valid key. An admin creates keys with `POST /api-keys`.',
    retry: 'fatal',
  },
  scope_missing: {
    status: 403,
    title: 'The API key lacks a scope',
    remedy: 'Use a key with the scope that the detail names. An admin creates keys with `POST /api-keys`.',
    retry: 'fatal',
  },
  foreign_caller: {
    status: 403,
    title: 'Without API keys, the server accepts requests only from its own machine',
    remedy:
      'Call it as `localhost` or `127.0.0.1`, and neither from a page of another site nor through a proxy. To allow other callers, create an API key.',
    retry: 'fatal',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'Check the path and the id. The list endpoints show what exists.',
    retry: 'fatal',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path does not support this HTTP method',
    remedy: 'Use a method listed in the `Allow` header.',
    retry: 'fatal',
  },
  job_finished: {
    status: 409,
    title: 'The job is finished',
    remedy: 'A finished job cannot change. Create a new job.',
    retry: 'fatal',
  },
  limit_reached: {
    status: 409,
    title: 'Limit reached',
    remedy: 'Delete one that is no longer needed.',
    retry: 'fatal',
  },
  quota_reached: {
    status: 409,
    title: 'The storage quota of the tenant is reached',
    remedy:
      'Delete datasets, models or jobs that are no longer needed; the detail has the bytes. Or ask who runs the service to raise `STRATA_TENANT_BYTES`.',
    retry: 'fatal',
  },
  job_unfinished: {
    status: 409,
    title: 'The job is not finished',
    remedy: 'Cancel the job, wait until it has ended, and then delete it.',
    retry: 'fatal',
  },
  dataset_exists: {
    status: 409,
    title: 'A dataset with this name exists',
    remedy: 'Choose another name, or delete that dataset first.',
    retry: 'fatal',
  },
  dataset_in_use: {
    status: 409,
    title: 'The dataset cannot be deleted',
    remedy: 'Delete the jobs that use it first. Built-in datasets cannot be deleted.',
    retry: 'fatal',
  },
  dataset_not_ready: {
    status: 409,
    title: 'The dataset is not ready for training',
    remedy:
      'Wait until `GET /datasets/{id}` shows `ready`. If the dataset has failed, fix its `problems` and upload it again.',
    retry: 'fatal',
  },
  job_has_model: {
    status: 409,
    title: 'The job has a model',
    remedy: 'If the model is no longer needed, delete it first. The detail names it.',
    retry: 'fatal',
  },
  model_in_use: {
    status: 409,
    title: 'The model is in use',
    remedy: 'Give the tag `production` to another model, or remove the tag. Then delete this model.',
    retry: 'fatal',
  },
  model_tagged: {
    status: 409,
    title: 'A model with tags cannot be renamed',
    remedy: 'Remove its tags, rename it, and add the tags again under the new name.',
    retry: 'fatal',
  },
  upload_offset: {
    status: 409,
    title: 'The piece begins at another byte than the upload has',
    remedy: 'Ask for `Upload-Offset` with HEAD, and send the piece that begins there.',
    retry: 'fatal',
  },
  upload_incomplete: {
    status: 409,
    title: 'The upload is not complete',
    remedy: 'Continue the upload at the offset that `HEAD /uploads/{id}` returns. Then repeat this request.',
    retry: 'fatal',
  },
  model_not_served: {
    status: 409,
    title: 'The model has no file for predictions',
    remedy: 'Ask for a variant that the model has. To get deleted or missing files, run a new job.',
    retry: 'fatal',
  },
  idempotency_in_flight: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    remedy: 'Repeat the same request in a moment. It then returns the result of the first request.',
    retry: 'fatal',
  },
  precision_unavailable: {
    status: 409,
    title: 'No device supports the requested precision',
    remedy:
      'Use `precision` float32 or auto, or start a worker with a bfloat16 device. `GET /workers` shows which devices support it.',
    retry: 'fatal',
  },
  body_too_slow: {
    status: 408,
    title: 'The body arrives too slowly',
    remedy:
      'Send at least 30 KiB in every 30 seconds. Large files can go in pieces to `/uploads`, which continue after a break.',
    retry: 'retry',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send a smaller body. The limit is 256 KiB, or 8 MiB for predictions.',
    retry: 'fatal',
  },
  upload_too_large: {
    status: 413,
    title: 'The upload is too large',
    remedy: 'Upload a smaller file. An operator can raise the limit with STRATA_UPLOAD_LIMIT.',
    retry: 'fatal',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has the wrong media type',
    remedy:
      'Send the media type that `/docs` shows for the operation: `application/json` for JSON, `multipart/form-data` for archives.',
    retry: 'fatal',
  },
  not_acceptable: {
    status: 406,
    title: 'The response is not available in a requested format',
    remedy: 'List one of the media types that the detail names in the `Accept` header.',
    retry: 'fatal',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range is outside the artifact',
    remedy: 'Request a range within the size that `Content-Range` gives.',
    retry: 'fatal',
  },
  unreadable_image: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy:
      'Send a PNG, JPEG or WebP file of at most 25 million pixels. `errors` says which image failed and why.',
    retry: 'fatal',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used with a different body',
    remedy: 'Use a new key for each new job. A key is kept for 24 hours.',
    retry: 'fatal',
  },
  forbidden_target: {
    status: 422,
    title: 'The service does not send requests to this URL',
    remedy: 'Use a public https:// URL. An operator can allow private hosts with STRATA_OUTGOING_ALLOW.',
    retry: 'fatal',
  },
  checksum_mismatch: {
    status: 422,
    title: 'The bytes do not match the given checksum',
    remedy: 'Send the file again. Compare `sha256` with the output of `sha256sum`.',
    retry: 'fatal',
  },
  source_refused: {
    status: 422,
    title: 'The URL does not return the data',
    remedy: 'Use a URL that answers 200 with the archive, or download the archive yourself and upload it.',
    retry: 'fatal',
  },
  source_unreachable: {
    status: 422,
    title: 'The URL cannot be reached by the server',
    remedy: 'Download the archive yourself and upload the file.',
    retry: 'retry',
  },
  dataset_unavailable: {
    status: 422,
    title: 'The built-in dataset cannot be downloaded',
    remedy: 'Put its files into the folder that STRATA_DATASETS names, and create a job with it again.',
    // A retry cannot succeed before somebody adds the files.
    retry: 'fatal',
  },
  archive_unknown: {
    status: 422,
    title: 'The file is not a supported archive',
    remedy: 'Send a .zip, .tar, .tar.gz or .npz file.',
    retry: 'fatal',
  },
  archive_damaged: {
    status: 422,
    title: 'The archive cannot be read',
    remedy: 'Pack it again with zip or tar. After the upload, compare its sha256.',
    retry: 'fatal',
  },
  archive_unsafe: {
    status: 422,
    title: 'The archive contains unsafe entries',
    remedy: 'Pack only plain files with relative names: no links, devices, `..` or passwords.',
    retry: 'fatal',
  },
  archive_too_large: {
    status: 422,
    title: 'The unpacked archive is too large',
    remedy: 'Send less data. An operator can raise the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  dataset_format: {
    status: 422,
    title: 'The archive does not have a dataset layout',
    remedy: 'Arrange the files as docs/datasets.md shows, and set `format`.',
    retry: 'fatal',
  },
  dataset_incomplete: {
    status: 422,
    title: 'The dataset is incomplete',
    remedy: 'Provide at least two classes, and training and test images for each class.',
    retry: 'fatal',
  },
  dataset_too_large: {
    status: 422,
    title: 'The dataset has too many images or classes',
    remedy: 'Send fewer. An operator can raise the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  image_unreadable: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy: 'Fix or remove these images.',
    retry: 'fatal',
  },
  image_unsupported: {
    status: 422,
    title: 'An image has an unsupported format',
    remedy: 'Convert the images to JPEG, PNG or WebP.',
    retry: 'fatal',
  },
  image_too_large: {
    status: 422,
    title: 'An image has too many pixels',
    remedy: 'Scale the images down. An operator can raise the limit with STRATA_IMAGE_PIXELS.',
    retry: 'fatal',
  },
  array_invalid: {
    status: 422,
    title: 'An array does not match its header or the format',
    remedy: 'Write the arrays as docs/datasets.md shows.',
    retry: 'fatal',
  },
  pickle_unsafe: {
    status: 422,
    title: 'A pickle contains more than plain data',
    remedy: 'Send the arrays as .npz without Python objects.',
    retry: 'fatal',
  },
  entry_ignored: {
    status: 422,
    title: 'Files were ignored',
    remedy: 'No action is needed if training does not need these files.',
    retry: 'fatal',
  },
  test_held_out: {
    status: 422,
    title: 'Training images were held out to test with',
    remedy: 'Nothing, or upload a test split.',
    retry: 'fatal',
  },
  labels_differ: {
    status: 422,
    title: 'One image is there under two labels',
    remedy: 'Remove the wrong ones: a network cannot learn both.',
    retry: 'fatal',
  },
  names_guessed: {
    status: 422,
    title: 'Names of files are in an unknown encoding',
    remedy: 'Nothing, if they are read as you wrote them; else make the archive with names in UTF-8.',
    retry: 'fatal',
  },
  names_merged: {
    status: 422,
    title: 'Two spellings of one name were taken for one class',
    remedy: 'Nothing, if they are one class; else rename one of them.',
    retry: 'fatal',
  },
  folders_merged: {
    status: 422,
    title: 'Images lie below the folder of their class',
    remedy:
      'Nothing, if its first folder is the class; else name the folder that holds the classes as `root`.',
    retry: 'fatal',
  },
  splits_overlap: {
    status: 422,
    title: 'Images are in two splits',
    remedy: 'Remove them from one split. Otherwise the measured accuracy is too high.',
    retry: 'fatal',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the seconds in `Retry-After`. Follow the event stream instead of polling.',
    retry: 'retry',
  },
  predictions_full: {
    status: 429,
    title: 'Too many predictions are waiting',
    remedy:
      'Wait for the seconds in `Retry-After`, send several images in one request, or start more workers.',
    retry: 'retry',
  },
  headers_too_large: {
    status: 431,
    title: 'The URL and headers are too large',
    remedy: 'Send less than 16 KiB of URL and headers: use fewer filters and shorter values.',
    retry: 'fatal',
  },
  unavailable: {
    status: 503,
    title: 'A part of the service is unavailable',
    remedy: 'Repeat the request later. `GET /health/ready` shows when the service is ready again.',
    retry: 'retry',
  },
  storage_full: {
    status: 507,
    title: 'The disk is full',
    remedy:
      'Free space under STRATA_HOME, BLOB_URL or the database, or ask who runs the service to; `GET /health/ready` says where. Jobs go on by themselves.',
    retry: 'wait',
  },
  storage_failing: {
    status: 503,
    title: 'The disk cannot be read or written',
    remedy: 'Check the disk and its mount (`dmesg`); jobs go on by themselves once it works.',
    retry: 'wait',
  },
  host_out_of_memory: {
    status: 503,
    title: 'The host has no memory left',
    remedy:
      'Run fewer slots on the host, or give it more memory; jobs go on by themselves once there is some.',
    retry: 'wait',
  },
  database_time_zone: {
    status: 503,
    title: 'Sessions of Postgres cannot have the time zone UTC',
    remedy:
      'Connect to Postgres itself, or through a pooler that keeps the session’s TimeZone, as PgBouncer does; times would be wrong by hours.',
    retry: 'retry',
  },
  no_predictor: {
    status: 503,
    title: 'No worker serves predictions',
    remedy: 'Start a worker with `STRATA_PREDICTOR_MB` above 0. Then repeat the request.',
    retry: 'retry',
  },
  prediction_interrupted: {
    status: 503,
    title: 'The prediction process ended unexpectedly',
    remedy: 'Repeat the request. If the same image fails again, read the worker’s log.',
    retry: 'retry',
  },
  prediction_late: {
    status: 504,
    title: 'The prediction timed out',
    remedy: 'Repeat the request with fewer or smaller images, or start more workers.',
    retry: 'retry',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    remedy: 'Search the log for the `request_id` or the task, and report it.',
    retry: 'retry',
  },
  non_finite_loss: {
    status: 500,
    title: 'Training produced a number that is not finite',
    remedy:
      'Lower `optimizer.learning_rate`, set `optimizer.clip_norm`, or lower learning_rate x penalty further below 1.',
    // A task is a pure function of its inputs: a retry would produce the same number.
    retry: 'fatal',
  },
  out_of_memory: {
    status: 500,
    title: 'The device ran out of memory',
    remedy: 'Lower `batch_size`, use a smaller model, raise `method.stages`, or run fewer slots per host.',
    // A retry would need the same memory.
    retry: 'fatal',
  },
  dataset_unreadable: {
    status: 500,
    title: 'The dataset cannot be read',
    remedy: 'Check the disk. For a built-in dataset, run `npm run setup` again.',
    // Reading the data again does not repair it.
    retry: 'fatal',
  },
  blob_missing: {
    status: 500,
    title: 'Stored bytes are missing',
    remedy:
      'Check that every process uses the same `BLOB_URL`. If the bytes were deleted, run the job again.',
    retry: 'retry',
  },
  blob_corrupt: {
    status: 500,
    title: 'Stored bytes do not match their checksum',
    remedy: 'Check the disk under `BLOB_URL`. Run the job again.',
    retry: 'retry',
  },
  export_mismatch: {
    status: 500,
    title: 'The predictions of an exported model differ from those of the trained network',
    remedy: 'This is a defect in Strata. Report it with the job’s spec.',
    retry: 'fatal',
  },
  trainer_crashed: {
    status: 500,
    title: 'The trainer process ended unexpectedly',
    remedy: 'Read the worker’s log. If the system killed the process, it probably ran out of memory.',
    retry: 'retry',
  },
  worker_lost: {
    status: 500,
    title: 'The worker of the task is gone',
    remedy: 'Read the log of its host. The task was retried on other workers until the limit.',
    // The task is rarely the cause. A separate limit stops a task that crashes its workers.
    retry: 'uncounted',
  },
  importer_crashed: {
    status: 500,
    title: 'The importer process ended unexpectedly',
    remedy: 'Read the worker’s log. If the system killed the process, it probably ran out of memory.',
    retry: 'retry',
  },
  importer_stalled: {
    status: 500,
    title: 'The importer process made no progress',
    remedy: 'Check the load of the host and its disk.',
    retry: 'retry',
  },
  import_given_up: {
    status: 500,
    title: 'The import was lost with its worker again and again',
    remedy: 'Look at the logs and the memory of the workers, and at Postgres; try a part of the data.',
    retry: 'fatal',
  },
  trainer_stalled: {
    status: 500,
    title: 'The trainer process made no progress',
    remedy: 'Check the load of the host, and run fewer slots on it.',
    retry: 'retry',
  },
  max_runtime_exceeded: {
    status: 500,
    title: 'The job exceeded its maximum run time',
    remedy: 'Raise `max_runtime_s`, or train less: fewer epochs, a smaller model, or more slots.',
    retry: 'fatal',
  },
  max_pending_exceeded: {
    status: 500,
    title: 'The job exceeded its maximum waiting time',
    remedy: 'Raise `max_pending_s`, or start more workers.',
    retry: 'fatal',
  },
  invalid_assignment: {
    status: 500,
    title: 'The trainer received a task that it cannot run',
    remedy: 'Run the same version in every process. Otherwise this is a defect in Strata: report it.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;

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
