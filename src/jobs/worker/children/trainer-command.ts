import { spawnSync } from 'node:child_process';
import { type BlobCache, cacheVariables } from '../../../contract/blob-cache.js';

// The process dies with its parent, even if the parent is killed: a trainer must not run beside the attempt that
// replaced it.
const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/**
 * The command that starts a trainer tied to the life of this process. Without `setpriv`, the trainer notices the
 * closed IPC channel, at the latest between two tasks. Until then, fencing rejects its results.
 */
export function tiedToParent(command: readonly string[]): string[] {
  const [setpriv, ...options] = DIE_WITH_PARENT;
  const works = spawnSync(setpriv, [...options, 'true'], { stdio: 'ignore' }).status === 0;
  return works ? [...DIE_WITH_PARENT, ...command] : [...command];
}

/**
 * Only the worker writes to Postgres, Redis and collectors. Trainers get neither their addresses nor any secret.
 */
const WITHHELD = ['DATABASE_URL', 'REDIS_URL', 'STRATA_API_KEY', 'STRATA_BOOTSTRAP_KEY', 'STRATA_SECRET_KEY'];
const WITHHELD_PREFIX = 'OTEL_';

/** ONNX Runtime sends nothing to its vendor when it finds this variable as it is loaded (src/onnx/runtime.ts). */
const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' };

/** The place at which a process finds blobs. */
export interface BlobSettings {
  readonly blobUrl: string;
  /** Absent: a cache in the temporary folder, if the store needs one. */
  readonly blobCache?: BlobCache;
}

/**
 * Environment of processes that compute. They know the location of blobs, and no secret but the credentials of a bucket
 * (`AWS_*`), without which they could not read them.
 */
export function computingEnvironment(
  base: NodeJS.ProcessEnv,
  { blobUrl, blobCache }: BlobSettings,
): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(
    ([name]) => !WITHHELD.includes(name) && !name.startsWith(WITHHELD_PREFIX),
  );
  const cached = blobCache === undefined ? {} : cacheVariables(blobCache);
  return { ...Object.fromEntries(kept), ...NO_TELEMETRY, ...cached, STRATA_BLOB_URL: blobUrl };
}
