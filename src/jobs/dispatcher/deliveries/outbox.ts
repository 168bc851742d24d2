import type { Leases } from '../../lifecycle/held-leases.js';
import { untilAvailable, workOn } from '../../lifecycle/work-on.js';
import { UnopenableSecretError } from '../../outgoing/secret-box.js';
import { OutgoingError } from '../../outgoing/target.js';
import { MAX_CLAIM_LOSSES } from '../../process/limits.js';
import { openPlaces, type Places } from '../../process/places.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import {
  type ClaimedDelivery,
  type DeliveryFailure,
  type OutboxTable,
  releaseDelivery,
} from '../../store/deliveries.js';

/** End of an attempt: it arrived, with the new contents of the row, or it failed. */
export type SendEnd<Arrival> =
  | { readonly arrived: Arrival }
  | {
      readonly error: string;
      /** HTTP status of the response, if there was one. */
      readonly status: number | null;
      /** Another attempt would fare no better. */
      readonly isFinal?: boolean;
      /** The receiver asked for a pause of at least this length. */
      readonly pauseMs?: number;
    };

/** One kind of outbox. */
export interface Outbox<Claimed extends ClaimedDelivery, Arrival> {
  readonly table: OutboxTable;
  claim(): Promise<Claimed | null>;
  /** @param over aborted when the claim is lost, or the process is to stop */
  send(claimed: Claimed, over: AbortSignal): Promise<SendEnd<Arrival>>;
  arrived(claimed: Claimed, arrival: Arrival): Promise<unknown>;
  failed(claimed: Claimed, failure: DeliveryFailure, status: number | null): Promise<unknown>;
}

export interface OutboxOptions {
  readonly db: Database;
  readonly leases: Leases;
  /** Aborted when the process is to stop: what can be left off is given back. */
  readonly stopping: AbortSignal;
  /** Pause before the next attempt; null after the last one. */
  readonly retryPauseMs: (attempts: number) => number | null;
  readonly log: Log;
}

/** No pause is longer, whatever a receiver asks for. */
const MAX_PAUSE_MS = 86_400_000;

/**
 * Sends the rows of an outbox in the turns of their tenants, some at once. At least once: a row whose sender dies after
 * sending it is sent again. Every attempt is recorded, whatever went wrong in it, so none is tried for ever.
 */
export function openOutbox<Claimed extends ClaimedDelivery, Arrival>(
  outbox: Outbox<Claimed, Arrival>,
  count: number,
  { db, leases, stopping, retryPauseMs, log }: OutboxOptions,
): Places {
  const fail = (claimed: Claimed, end: Exclude<SendEnd<Arrival>, { arrived: Arrival }>) => {
    const planned = end.isFinal ? null : retryPauseMs(claimed.attempts);
    const retryMs = planned && Math.min(MAX_PAUSE_MS, Math.max(planned, end.pauseMs ?? 0));
    return untilAvailable(() => outbox.failed(claimed, { error: end.error, retryMs }, end.status));
  };
  const run = (claimed: Claimed): Promise<void> =>
    workOn({
      lease: { table: outbox.table, id: claimed.id, attempt: claimed.attempt },
      leases,
      about: { [outbox.table]: claimed.id, attempt: claimed.attempt },
      log,
      async run(lost): Promise<unknown> {
        const end = await sendOnce(outbox, claimed, AbortSignal.any([lost, stopping]));
        if (end === null) return untilAvailable(() => releaseDelivery(db, outbox.table, claimed));
        if ('arrived' in end) return untilAvailable(() => outbox.arrived(claimed, end.arrived));
        return fail(claimed, end);
      },
      // Not the message itself, which may tell a user of what is inside.
      fail: () => fail(claimed, { error: 'could not be sent: the service made an error', status: null }),
    });
  return openPlaces(
    count,
    async () => {
      const claimed = await outbox.claim();
      return claimed && (() => run(claimed));
    },
    (error) => log.error({ err: error }, outbox.table),
  );
}

/** @returns null where it was left off: somebody else sends it */
async function sendOnce<Claimed extends ClaimedDelivery, Arrival>(
  outbox: Outbox<Claimed, Arrival>,
  claimed: Claimed,
  over: AbortSignal,
): Promise<SendEnd<Arrival> | null> {
  if (claimed.losses > MAX_CLAIM_LOSSES) {
    const error = `was lost ${claimed.losses} times with the process that sent it`;
    return { error, status: null, isFinal: true };
  }
  try {
    return await outbox.send(claimed, over);
  } catch (error) {
    if (over.aborted) return null;
    if (!(error instanceof OutgoingError || error instanceof UnopenableSecretError)) throw error;
    return { error: error.message, status: null };
  }
}
