import { randomUUID } from 'node:crypto';

export type IdKind =
  | 'job'
  | 'task'
  | 'artifact'
  | 'batch'
  | 'worker'
  | 'dispatcher'
  | 'key'
  | 'webhook'
  | 'delivery'
  | 'dataset'
  | 'import'
  | 'model'
  | 'evaluation'
  | 'part'
  | 'promotion'
  | 'reproduction'
  | 'seat'
  | 'profile'
  | 'push'
  | 'sweep'
  | 'tagchange'
  | 'tracker'
  | 'weights';

let clockOffsetMs = performance.timeOrigin;
let lastMs = 0;

/** Sets the clock of new ids by the database's: the ids of hosts whose own clocks differ or jump still sort by time. */
export function setIdClock(databaseNowMs: number, monotonicMs: number = performance.now()): void {
  clockOffsetMs = databaseNowMs - monotonicMs;
}

/**
 * The same from an answer of the database, which is taken to be half of its way old.
 * @param askMs the database's clock in ms
 */
export async function followDatabaseClock(askMs: () => Promise<number>): Promise<void> {
  const askedAt = performance.now();
  setIdClock(await askMs(), (askedAt + performance.now()) / 2);
}

/** Never goes back within a process. */
function idNow(): number {
  lastMs = Math.max(lastMs, Math.round(clockOffsetMs + performance.now()));
  return lastMs;
}

/** `job_<11 hex digits of milliseconds><13 random hex digits>`: ids of one kind sort by creation time. */
export function newId(kind: IdKind, nowMs: number = idNow()): string {
  return `${kind}_${nowMs.toString(16).padStart(11, '0')}${randomDigits()}`;
}

/**
 * 13 random hex digits from a UUID, for which Node draws random bytes in batches. The digits of its version and
 * variant are left out.
 */
function randomDigits(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-5);
}
