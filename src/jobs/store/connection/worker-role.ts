import type pg from 'pg';

/** The Postgres role of workers. Who administers the server creates it; workers then need no other one. */
export const WORKER_ROLE = 'strata_worker';

/**
 * Privileges of a worker. It sees no hash of an API key, no signing secret of a webhook and no authorization of a tracker.
 * Columns are named where it may see only some.
 */
const PRIVILEGES: Readonly<Record<string, string>> = {
  job: 'SELECT, UPDATE',
  task: 'SELECT, UPDATE',
  // After an early end, what waited for rounds that are left out waits for others.
  task_dependency: 'SELECT, INSERT, DELETE',
  gang_seat: 'SELECT, INSERT, UPDATE, DELETE',
  checkpoint: 'SELECT, INSERT, UPDATE, DELETE',
  event: 'SELECT, INSERT',
  log_line: 'SELECT, INSERT',
  metric_point: 'SELECT, INSERT, UPDATE, DELETE',
  metric_level: 'SELECT, INSERT, UPDATE, DELETE',
  artifact: 'SELECT, INSERT, UPDATE',
  model: 'SELECT, INSERT',
  model_state: 'SELECT, INSERT',
  // A trigger gives a new model its number.
  model_version: 'SELECT, INSERT, UPDATE',
  evaluation: 'SELECT, UPDATE',
  evaluation_part: 'SELECT, INSERT, UPDATE, DELETE',
  batch_prediction: 'SELECT, UPDATE',
  batch_part: 'SELECT, INSERT, UPDATE, DELETE',
  dataset: 'SELECT, UPDATE',
  dataset_blob: 'SELECT, INSERT, DELETE',
  dataset_import: 'SELECT, UPDATE, DELETE',
  upload: 'SELECT',
  // Their bytes count for the quota of a tenant, which imports check.
  weights: 'SELECT',
  profile: 'SELECT, UPDATE',
  worker: 'SELECT, INSERT, UPDATE, DELETE',
  turn: 'SELECT, INSERT, UPDATE',
  dispatcher: 'SELECT',
  blob_store: 'SELECT, INSERT',
  // To write the outbox of a job's last events.
  webhook: 'SELECT (id, tenant, events)',
  webhook_delivery: 'SELECT, INSERT, UPDATE (lease_until)',
  // The statement that renews leases names every table that has them.
  tracker_export: 'SELECT (id, attempt, lease_until), UPDATE (lease_until)',
  model_push: 'SELECT (id, attempt, lease_until), UPDATE (lease_until)',
};

/** Gives the role of workers exactly these privileges, if it exists. The caller owns the tables. */
export async function grantWorkerRole(client: pg.ClientBase): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [WORKER_ROLE]);
  if (rowCount === 0) return;
  const grants = Object.entries(PRIVILEGES).map(
    ([table, privileges]) => `GRANT ${privileges} ON ${table} TO ${WORKER_ROLE}`,
  );
  const revoke = `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${WORKER_ROLE}`;
  // Statements of one query are one transaction: workers that run keep what they need.
  await client.query([revoke, ...grants].join(';'));
}
