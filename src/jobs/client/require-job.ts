import { StrataError } from '../../contract/errors.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { hasJob, type LockedJob, lockJob } from '../store/jobs.js';

/** @throws StrataError not_found */
export function notFound(id: string): never {
  throw new StrataError('not_found', `There is no ${id}.`);
}

/** @throws StrataError not_found, also for a job of another tenant */
export async function requireJob(db: Database, tenant: string, id: string): Promise<void> {
  if (!(await hasJob(db, tenant, id))) notFound(id);
}

/** Locks the row of a job of the tenant. @throws StrataError not_found, also for a job of another tenant */
export async function lockRequiredJob(tx: Transaction, tenant: string, id: string): Promise<LockedJob> {
  // Checked before locking: nobody may block a job of another tenant.
  if (!(await hasJob(tx, tenant, id))) notFound(id);
  return (await lockJob(tx, id)) ?? notFound(id);
}
