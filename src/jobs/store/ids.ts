import { randomUUID } from 'node:crypto';

export type IdKind =
  | 'job'
  | 'task'
  | 'artifact'
  | 'worker'
  | 'dispatcher'
  | 'key'
  | 'webhook'
  | 'delivery'
  | 'dataset'
  | 'import'
  | 'model'
  | 'profile'
  | 'tagchange'
  | 'tracker';

/** `job_<11 hex of milliseconds><13 hex at random>`: ids of one kind sort by the time they were made. */
export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  return `${kind}_${nowMs.toString(16).padStart(11, '0')}${randomDigits()}`;
}

/** 13 of hex. Of a UUID's, whose randomness Node draws for many at once; those of its version and variant are left out. */
function randomDigits(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-5);
}
