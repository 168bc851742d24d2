import { StrataError } from '../../contract/errors.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { hasJob, type LockedJob, lockJob } from '../store/jobs.js';

/** @throws StrataError not_found */
export function notFound(id: string): never {
  throw new StrataError('not_found', `There is no ${id}.`);
}

/** @throws StrataError not_found, also for another tenant's job */
export async function requireJob(db: Database, tenant: string, id: string): Promise<void> {
  if (!(await hasJob(db, tenant, id))) notFound(id);
}

/** Takes the row lock of a job of the tenant's. @throws StrataError not_found, also for another tenant's job */
export async function lockOwnJob(tx: Transaction, tenant: string, id: string): Promise<LockedJob> {
  // Looked at first: nobody may hold up another tenant's job.
  if (!(await hasJob(tx, tenant, id))) notFound(id);
  return (await lockJob(tx, id)) ?? notFound(id);
}
