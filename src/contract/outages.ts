import type { ErrorCode } from './errors.js';

/** Codes of what a host or the blob store lacks for a time: work that met it waits, and its attempts are not counted. */
export type OutageCode = Extract<
  ErrorCode,
  | 'storage_full'
  | 'storage_failing'
  | 'storage_unreachable'
  | 'storage_denied'
  | 'storage_no_bucket'
  | 'host_out_of_memory'
>;

/** By the code of a system call, by SQLSTATE where Postgres met it on its own disk, or by our own where S3 did. */
const OUTAGES: Readonly<Record<string, OutageCode>> = {
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  '53100': 'storage_full',
  EIO: 'storage_failing',
  EROFS: 'storage_failing',
  '58030': 'storage_failing',
  ENOMEM: 'host_out_of_memory',
  '53200': 'host_out_of_memory',
  storage_full: 'storage_full',
  storage_failing: 'storage_failing',
  storage_unreachable: 'storage_unreachable',
  storage_denied: 'storage_denied',
  storage_no_bucket: 'storage_no_bucket',
};

interface Layer {
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Prisma stores the error of its driver here. */
  readonly meta?: { readonly driverAdapterError?: unknown };
}

/** Errors are wrapped a few times at most; a cycle must not hold us. */
const MAX_DEPTH = 6;

/** The outage that an error, or one of its causes, reports; null for every other error. */
export function outageOf(error: unknown, depth = 0): OutageCode | null {
  if (typeof error !== 'object' || error === null || depth === MAX_DEPTH) return null;
  const { code, cause, meta } = error as Layer;
  if (typeof code === 'string' && Object.hasOwn(OUTAGES, code)) return OUTAGES[code] ?? null;
  return outageOf(cause, depth + 1) ?? outageOf(meta?.driverAdapterError, depth + 1);
}
