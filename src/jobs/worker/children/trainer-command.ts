import { spawnSync } from 'node:child_process';

// Dies with its parent even if that is killed: a trainer must never run beside the attempt that replaced it.
const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/**
 * The command that starts a trainer tied to this process's life. Where `setpriv` is not to be had, the trainer sees
 * its IPC channel close, at the latest between two tasks; the fence keeps what it does until then out.
 */
export function tiedToParent(command: readonly string[]): string[] {
  const [setpriv, ...options] = DIE_WITH_PARENT;
  const works = spawnSync(setpriv, [...options, 'true'], { stdio: 'ignore' }).status === 0;
  return works ? [...DIE_WITH_PARENT, ...command] : [...command];
}

/** Only the worker writes to Postgres, Redis and collectors: trainers do not learn where they are, and no secret. */
const WITHHELD = ['DATABASE_URL', 'REDIS_URL', 'STRATA_API_KEY', 'STRATA_SECRET_KEY'];
const WITHHELD_PREFIX = 'OTEL_';

/** Of the processes that compute: they know where blobs are, and nothing that could be told to anybody. */
export function computingEnvironment(base: NodeJS.ProcessEnv, blobUrl: string): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(
    ([name]) => !WITHHELD.includes(name) && !name.startsWith(WITHHELD_PREFIX),
  );
  return { ...Object.fromEntries(kept), STRATA_BLOB_URL: blobUrl };
}
