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

/** `job_<11 hex digits of milliseconds><13 random hex digits>`: ids of one kind sort by creation time. */
export function newId(kind: IdKind, nowMs: number = Date.now()): string {
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
