import type { JobsService } from '../../../src/contract/client/service.js';
import type { TenantClient } from '../../../src/contract/client/tenant.js';
import type { Leases } from '../../../src/jobs/lifecycle/held-leases.js';
import { lazySecretBox } from '../../../src/jobs/outgoing/secret-key.js';
import type { Places } from '../../../src/jobs/process/places.js';
import { log, type Store, useStore } from './store.js';

/** Lets tests send to servers of their own on this machine. */
export const policy = { allowedHosts: ['127.0.0.1'] };

export interface OutboxStore extends Store {
  readonly service: JobsService;
  /** Client of the tenant `ours`. */
  readonly client: TenantClient;
}

/** As `useStore`. No dispatcher runs: each test sends what is due when it says so. */
export function useOutbox(onStart: (store: OutboxStore) => unknown): void {
  const start = ({ strata, db }: Store) =>
    onStart({ strata, db, service: strata.service, client: strata.service.forTenant('ours') });
  useStore(start, { outgoingAllow: policy.allowedHosts });
}

/** Parts that every sender and exporter needs. No test waits for their pause between attempts. */
export function senderParts({ db, strata }: Store) {
  return {
    db,
    blobs: strata.blobs,
    now: () => new Date(),
    policy,
    openBox: lazySecretBox({ home: strata.servers.home }),
    retryPauseMs: () => 3_600_000,
    leases: unrenewedLeases,
    stopping: new AbortController().signal,
    log,
  };
}

/** Lets the pending rows be sent now. */
export async function makeDue(
  { sql }: Store['strata'],
  table: 'webhook_delivery' | 'tracker_export' | 'model_push',
): Promise<void> {
  await sql.query(
    `UPDATE ${table} SET due_at = now() - make_interval(secs => 1), lease_until = NULL WHERE state = 'pending'`,
  );
}

/** Leases without renewal: the work of a test ends before its lease. */
export const unrenewedLeases: Leases = {
  hold: () => () => undefined,
  nudge: () => undefined,
  stop: async () => undefined,
};

/** Sends all that is due now, and waits for its end. */
export async function sendAll(places: Places): Promise<void> {
  await places.fill();
  await places.idle();
}
