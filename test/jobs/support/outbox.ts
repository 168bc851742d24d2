import type { Leases } from '../../../src/jobs/lifecycle/held-leases.js';
import type { Places } from '../../../src/jobs/process/places.js';

/** Leases that nobody renews: a test's work ends before they do. */
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
