import type { CatalogueEntry } from './catalogue-entry.js';

/** Faults of the service and of its hosts. */
export const SERVICE_ERRORS = {
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
    remedy:
      'Check the disk and its mount (`dmesg`), or the blob store; jobs go on by themselves once it works.',
    retry: 'wait',
  },
  storage_unreachable: {
    status: 503,
    title: 'The blob store does not answer',
    remedy:
      'Check the endpoint of `BLOB_URL`, the store and the network between them; jobs go on by themselves once it answers.',
    retry: 'wait',
  },
  storage_denied: {
    status: 503,
    title: 'The blob store refuses the credentials',
    remedy:
      'Check `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, what they may do in the bucket, and the clock of the host. Restart the process with others; jobs go on by themselves.',
    retry: 'wait',
  },
  storage_no_bucket: {
    status: 503,
    title: 'The bucket of the blob store does not exist',
    remedy: 'Create the bucket, with versioning on, or correct `BLOB_URL`.',
    retry: 'wait',
  },
  storage_unversioned: {
    status: 503,
    title: 'The bucket of the blob store keeps no versions',
    remedy:
      'Turn versioning on: `aws s3api put-bucket-versioning --bucket NAME --versioning-configuration Status=Enabled`. Without versions, a blob could be deleted at the moment in which it is stored again.',
    retry: 'fatal',
  },
  host_out_of_memory: {
    status: 503,
    title: 'The host has no memory left',
    remedy:
      'Run fewer slots on the host, or give it more memory; jobs go on by themselves once there is some.',
    retry: 'wait',
  },
  blob_store_mismatch: {
    status: 503,
    title: 'The process uses another blob store than the rest of the service',
    remedy:
      'Set `BLOB_URL` to the same folder or bucket in every process. A store that was restored or moved needs its file `store-id`, too.',
    retry: 'fatal',
  },
  database_time_zone: {
    status: 503,
    title: 'Sessions of Postgres cannot have the time zone UTC',
    remedy:
      'Connect to Postgres itself, or through a pooler that keeps the session’s TimeZone, as PgBouncer does; times would be wrong by hours.',
    retry: 'retry',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    remedy: 'Search the log for the `request_id` or the task, and report it.',
    retry: 'retry',
  },
} as const satisfies Record<string, CatalogueEntry>;
