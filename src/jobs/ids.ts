import { randomBytes } from 'node:crypto';

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
  | 'tagchange'
  | 'tracker';

/** `job_<11 hex of milliseconds><13 hex at random>`: ids of one kind sort by the time they were made. */
export function newId(kind: IdKind, nowMs: number = Date.now()): string {
  return `${kind}_${nowMs.toString(16).padStart(11, '0')}${randomBytes(7).toString('hex').slice(0, 13)}`;
}
