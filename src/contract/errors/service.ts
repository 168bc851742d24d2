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
  internal: {
    status: 500,
    title: 'Internal error',
    remedy: 'Search the log for the `request_id` or the task, and report it.',
    retry: 'retry',
  },
} as const satisfies Record<string, CatalogueEntry>;
