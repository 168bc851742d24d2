/**
 * The one catalogue of errors, for HTTP answers and for failed tasks. docs/errors.md is generated from it. Match
 * errors by code, never by text.
 */

/**
 * What becomes of a task that failed so: it is tried again within its attempts, tried again without counting (within a
 * bound of its own), tried again without counting after pauses that grow, for about a day, or its job fails.
 */
export type RetryClass = 'retry' | 'uncounted' | 'wait' | 'fatal';

interface CatalogueEntry {
  /** HTTP status where the error ends a request. */
  readonly status: number;
  /** The same words for every error of this code. */
  readonly title: string;
  /** What the reader can do about it. */
  readonly remedy: string;
  readonly retry: RetryClass;
}

export const ERRORS = {
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    remedy: 'Send one JSON value; the detail says where reading it stopped.',
    retry: 'fatal',
  },
  invalid_request: {
    status: 400,
    title: 'The request does not fit the contract',
    remedy: 'Correct each field that `errors` names; `/docs` shows every operation.',
    retry: 'fatal',
  },
  invalid_spec: {
    status: 400,
    title: 'The job cannot be trained as specified',
    remedy: 'Correct each field that `errors` names; `?dry_run=true` checks without storing.',
    retry: 'fatal',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is none of this list',
    remedy: 'Take `after` from the `next` of the page before, asked for in the same order; or leave it out.',
    retry: 'fatal',
  },
  unauthenticated: {
    status: 401,
    title: 'An API key is needed',
    remedy:
      'Send `Authorization: Bearer <key>` with a key that is not revoked; an admin makes keys by `POST /api-keys`.',
    retry: 'fatal',
  },
  scope_missing: {
    status: 403,
    title: 'The key may not do this',
    remedy: 'Use a key with the scope that the detail names; an admin makes keys by `POST /api-keys`.',
    retry: 'fatal',
  },
  foreign_caller: {
    status: 403,
    title: 'A server without keys answers callers on its own machine only',
    remedy: 'Ask it as `localhost` or `127.0.0.1`, and not from the page of another site; or make a key.',
    retry: 'fatal',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'Check the path and the id; list endpoints show what there is.',
    retry: 'fatal',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path does not take this method',
    remedy: 'Use a method that the `Allow` header names.',
    retry: 'fatal',
  },
  job_finished: {
    status: 409,
    title: 'The job is finished',
    remedy: 'A finished job never changes; create another.',
    retry: 'fatal',
  },
  limit_reached: {
    status: 409,
    title: 'There are as many of these as there may be',
    remedy: 'Delete one that is not needed any more.',
    retry: 'fatal',
  },
  job_unfinished: {
    status: 409,
    title: 'The job is not finished',
    remedy: 'Cancel it, wait for its end, and then delete it.',
    retry: 'fatal',
  },
  dataset_exists: {
    status: 409,
    title: 'There is a dataset of this name',
    remedy: 'Choose another name, or delete that dataset first.',
    retry: 'fatal',
  },
  dataset_in_use: {
    status: 409,
    title: 'The dataset cannot be deleted',
    remedy: 'Delete the jobs that were trained on it first; built-in datasets stay.',
    retry: 'fatal',
  },
  dataset_not_ready: {
    status: 409,
    title: 'The dataset cannot be trained on',
    remedy:
      'Wait until `GET /datasets/{id}` says `ready`; of one that has failed, mend its `problems` and upload it anew.',
    retry: 'fatal',
  },
  job_has_model: {
    status: 409,
    title: 'The job made a model that is still there',
    remedy: 'Delete the model that the detail names first, if it is not needed any more.',
    retry: 'fatal',
  },
  model_in_use: {
    status: 409,
    title: 'The model is in use',
    remedy: 'Give the tag `production` to another model, or take it away; then delete this one.',
    retry: 'fatal',
  },
  model_tagged: {
    status: 409,
    title: 'The model holds tags, which belong to its name',
    remedy: 'Take its tags away, rename it, and tag it again under its new name.',
    retry: 'fatal',
  },
  upload_incomplete: {
    status: 409,
    title: 'The upload is not complete',
    remedy: 'Go on with it where `HEAD /uploads/{id}` says, and ask again.',
    retry: 'fatal',
  },
  model_not_served: {
    status: 409,
    title: 'The model has no file to predict with',
    remedy:
      'Ask for a variant that it has. Files that retention deleted, or that were never made, come back with a new job only.',
    retry: 'fatal',
  },
  idempotency_in_flight: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still in progress',
    remedy: 'Repeat the same request in a moment; it will answer the first result.',
    retry: 'fatal',
  },
  precision_unavailable: {
    status: 409,
    title: 'No device computes in the precision asked for',
    remedy:
      'Use `precision` float32 or auto, or start a worker whose device has bfloat16; `GET /workers` shows which do.',
    retry: 'fatal',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send less: the limit is 256 KiB, and 8 MiB for predictions.',
    retry: 'fatal',
  },
  upload_too_large: {
    status: 413,
    title: 'The upload is too large',
    remedy: 'Send less; an operator raises the limit by STRATA_UPLOAD_LIMIT.',
    retry: 'fatal',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has the wrong media type',
    remedy:
      'Send what `/docs` shows for the operation: JSON with `Content-Type: application/json`, archives as `multipart/form-data`.',
    retry: 'fatal',
  },
  not_acceptable: {
    status: 406,
    title: 'The answer does not exist in a form that was asked for',
    remedy: 'Name one of the media types that the detail lists in `Accept`.',
    retry: 'fatal',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range lies outside the artifact',
    remedy: 'Ask within the size that `Content-Range` gives.',
    retry: 'fatal',
  },
  unreadable_image: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy:
      'Send a PNG, JPEG or WebP file of at most 25 million pixels; `errors` says which image it is, and why.',
    retry: 'fatal',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used with another body',
    remedy: 'Use a new key for a new job; a key is kept for 24 hours.',
    retry: 'fatal',
  },
  forbidden_target: {
    status: 422,
    title: 'The service does not send requests to this URL',
    remedy:
      'Name a public https:// address; hosts of its own network an operator allows by STRATA_OUTGOING_ALLOW.',
    retry: 'fatal',
  },
  checksum_mismatch: {
    status: 422,
    title: 'The bytes do not have the checksum that was given',
    remedy: 'Send them again; compare `sha256` with what `sha256sum` says.',
    retry: 'fatal',
  },
  source_refused: {
    status: 422,
    title: 'The URL does not give the data',
    remedy: 'Name a URL that answers 200 with the archive; or download it yourself and upload the file.',
    retry: 'fatal',
  },
  source_unreachable: {
    status: 422,
    title: 'The URL cannot be reached from here',
    remedy: 'Download the archive where you can, and upload the file.',
    retry: 'retry',
  },
  dataset_unavailable: {
    status: 422,
    title: 'The built-in dataset cannot be fetched',
    remedy: 'Put its files into the folder that STRATA_DATASETS names, and name it in a job again.',
    // Until somebody puts them there.
    retry: 'fatal',
  },
  archive_unknown: {
    status: 422,
    title: 'The file is no archive',
    remedy: 'Send a .zip, .tar, .tar.gz or .npz.',
    retry: 'fatal',
  },
  archive_damaged: {
    status: 422,
    title: 'The archive cannot be read',
    remedy: 'Pack it again, with zip or tar, and compare its sha256 after the upload.',
    retry: 'fatal',
  },
  archive_unsafe: {
    status: 422,
    title: 'The archive holds what no dataset needs',
    remedy: 'Pack plain files with relative names: no links, no devices, no `..`, no password.',
    retry: 'fatal',
  },
  archive_too_large: {
    status: 422,
    title: 'The archive unpacks to more than may be',
    remedy: 'Send less; an operator raises the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  dataset_format: {
    status: 422,
    title: 'The archive is not laid out as a dataset',
    remedy: 'Lay it out as docs/datasets.md shows, and name its `format`.',
    retry: 'fatal',
  },
  dataset_incomplete: {
    status: 422,
    title: 'The dataset lacks what training needs',
    remedy: 'Give each of two classes or more images to train and to test with.',
    retry: 'fatal',
  },
  dataset_too_large: {
    status: 422,
    title: 'The dataset has more images or classes than may be',
    remedy: 'Send fewer; an operator raises the limits (docs/datasets.md).',
    retry: 'fatal',
  },
  image_unreadable: {
    status: 422,
    title: 'An image cannot be decoded',
    remedy: 'Mend or remove the images that are named.',
    retry: 'fatal',
  },
  image_unsupported: {
    status: 422,
    title: 'An image has a format that is not taken',
    remedy: 'Convert the images to JPEG, PNG or WebP.',
    retry: 'fatal',
  },
  image_too_large: {
    status: 422,
    title: 'An image has more pixels than may be',
    remedy: 'Scale the images down; an operator raises the limit by STRATA_IMAGE_PIXELS.',
    retry: 'fatal',
  },
  array_invalid: {
    status: 422,
    title: 'An array is not what its header or the format says',
    remedy: 'Write the arrays as docs/datasets.md shows.',
    retry: 'fatal',
  },
  pickle_unsafe: {
    status: 422,
    title: 'A pickle holds more than plain data',
    remedy: 'Send the arrays as .npz without objects.',
    retry: 'fatal',
  },
  entry_ignored: {
    status: 422,
    title: 'Files were left out',
    remedy: 'Nothing, where they are not needed.',
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
  images_scaled: {
    status: 422,
    title: 'Images of more than 8 bits a channel were scaled to 8',
    remedy: 'Nothing; images for predictions must be scaled the same.',
    retry: 'fatal',
  },
  splits_overlap: {
    status: 422,
    title: 'Images are in two splits',
    remedy: 'Remove them from one: the accuracy that is measured is too good.',
    retry: 'fatal',
  },
  rate_limited: {
    status: 429,
    title: 'There were too many requests',
    remedy: 'Wait as many seconds as `Retry-After` says; follow events instead of asking again and again.',
    retry: 'retry',
  },
  predictions_full: {
    status: 429,
    title: 'Too many predictions wait',
    remedy:
      'Wait as many seconds as `Retry-After` says; send several images in one request; start more workers.',
    retry: 'retry',
  },
  headers_too_large: {
    status: 431,
    title: 'The URL and headers are too large',
    remedy: 'Send less than 16 KiB of them: fewer filters, shorter values.',
    retry: 'fatal',
  },
  unavailable: {
    status: 503,
    title: 'A part of the service is down',
    remedy: 'Repeat the request later; `GET /health/ready` says when.',
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
    title: 'No worker answers predictions',
    remedy: 'Start a worker whose `STRATA_PREDICTOR_MB` is above 0; then repeat the request.',
    retry: 'retry',
  },
  prediction_interrupted: {
    status: 503,
    title: 'The process that was predicting ended',
    remedy: 'Repeat the request. If it happens with the same image again, look at the worker’s log.',
    retry: 'retry',
  },
  prediction_late: {
    status: 504,
    title: 'The prediction was not made in time',
    remedy: 'Repeat the request with fewer or smaller images, or start more workers.',
    retry: 'retry',
  },
  internal: {
    status: 500,
    title: 'The service made an error',
    remedy: 'Look for the `request_id` or the task in the log, and report it.',
    retry: 'retry',
  },
  non_finite_loss: {
    status: 500,
    title: 'Training met a number that is not finite',
    remedy:
      'Lower `optimizer.learning_rate`, set `optimizer.clip_norm`, or keep learning_rate x penalty further below 1.',
    // A task is a pure function of its inputs: it would meet the same number again.
    retry: 'fatal',
  },
  out_of_memory: {
    status: 500,
    title: 'The device ran out of memory',
    remedy: 'Lower `batch_size` or the model, raise `method.stages`, or run fewer slots on a host.',
    // The same task asks for the same memory again.
    retry: 'fatal',
  },
  dataset_unreadable: {
    status: 500,
    title: 'The dataset cannot be read',
    remedy: 'Check the disk; for a built-in dataset, run `npm run setup` again.',
    // Data do not get better by being read again.
    retry: 'fatal',
  },
  blob_missing: {
    status: 500,
    title: 'Stored bytes are missing',
    remedy: 'Check that every process sees the same `BLOB_URL`; run the job again if they were deleted.',
    retry: 'retry',
  },
  blob_corrupt: {
    status: 500,
    title: 'Stored bytes do not have their checksum',
    remedy: 'Check the disk under `BLOB_URL`; run the job again.',
    retry: 'retry',
  },
  export_mismatch: {
    status: 500,
    title: 'An exported model does not predict what the trained network predicts',
    remedy: 'This is a defect: report it with the job’s spec.',
    retry: 'fatal',
  },
  trainer_crashed: {
    status: 500,
    title: 'The trainer process ended unexpectedly',
    remedy: 'Look at the worker’s log; a kill by the system often means too little memory.',
    retry: 'retry',
  },
  worker_lost: {
    status: 500,
    title: 'The worker that ran the task is gone',
    remedy: 'Look at the log of its host; the task was tried on other workers as often as it may be.',
    // The task is seldom to blame. One that is, and takes its workers down, meets a bound of its own.
    retry: 'uncounted',
  },
  importer_crashed: {
    status: 500,
    title: 'The importer process ended unexpectedly',
    remedy: 'Look at the worker’s log; a kill by the system often means too little memory.',
    retry: 'retry',
  },
  importer_stalled: {
    status: 500,
    title: 'The importer process made no progress',
    remedy: 'Look at the load of the host and its disk.',
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
    remedy: 'Look at the load of the host; run fewer slots on it.',
    retry: 'retry',
  },
  max_runtime_exceeded: {
    status: 500,
    title: 'The job ran longer than it may',
    remedy: 'Raise `max_runtime_s`, or train less: fewer epochs, a smaller model, more slots.',
    retry: 'fatal',
  },
  max_pending_exceeded: {
    status: 500,
    title: 'The job waited longer than it may',
    remedy: 'Raise `max_pending_s`, or start more workers.',
    retry: 'fatal',
  },
  invalid_assignment: {
    status: 500,
    title: 'The trainer was given a task that it cannot run',
    remedy: 'Run the same version of every process; otherwise this is a defect: report it.',
    retry: 'fatal',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** A field at fault. `pointer` is a JSON pointer, like `/model/depth`; `in` is the body unless said. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
  readonly in?: 'body' | 'query' | 'path' | 'header';
}

interface StrataErrorOptions {
  readonly errors?: readonly FieldError[];
  /** HTTP headers that belong to the answer, like `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An error with a code of the catalogue. `detail` says what happened this time; absent, the fields at fault do, and
 * where there are none the remedy.
 */
export class StrataError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, detail?: string, options: StrataErrorOptions = {}) {
    const { errors = [], cause } = options;
    const known = detail ?? summaryOf(errors);
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

function summaryOf(errors: readonly FieldError[]): string | undefined {
  if (errors.length === 0) return undefined;
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join(' ');
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The policy for a code that came over a process boundary; one that is not in the catalogue counts as `internal`. */
export function retryClassOf(code: string): RetryClass {
  return ERRORS[isErrorCode(code) ? code : 'internal'].retry;
}
