import type { BlobStore } from '../../storage/blob-store.js';
import { MAX_CLOCK_SKEW_MS } from '../process/limits.js';
import { databaseNow } from '../store/connection/clock.js';
import type { Database } from '../store/connection/database.js';

/** The clocks whose times garbage collection compares. */
export interface Clocks {
  readonly database: Date;
  /** Clock of the disk that stamps the blob store's files. */
  readonly files: Date;
}

export async function readClocks(db: Database, blobs: BlobStore): Promise<Clocks> {
  return { database: await databaseNow(db), files: await blobs.now() };
}

/** Seconds by which the files' clock is ahead of that of Postgres. */
export function skewSeconds({ database, files }: Clocks): number {
  return (files.getTime() - database.getTime()) / 1000;
}

/** One sentence that says how the clocks differ; null if they agree. */
export function clockProblem(clocks: Clocks): string | null {
  const skew = skewSeconds(clocks);
  if (Math.abs(skew) * 1000 <= MAX_CLOCK_SKEW_MS) return null;
  const by = `${Math.abs(skew).toFixed(0)} s ${skew > 0 ? 'ahead of' : 'behind'}`;
  return `The clock of the blob store is ${by} that of Postgres: no file is deleted until they agree. Set both by NTP.`;
}

export class ClocksDisagreeError extends Error {}

/**
 * The time before which a file must have been touched last to be deleted. It is checked twice: against the work that is under
 * way by the clock of Postgres, and against the file's own clock, by which nothing younger than the grace goes.
 * @param horizon by the clock of Postgres
 * @throws ClocksDisagreeError where the two clocks cannot be compared
 */
export function safeHorizon(horizon: Date, clocks: Clocks, graceMs: number): Date {
  const problem = clockProblem(clocks);
  if (problem !== null) throw new ClocksDisagreeError(problem);
  return new Date(Math.min(horizon.getTime(), clocks.files.getTime() - graceMs));
}
