import { Webhook } from 'standardwebhooks';
import { type SecretBox, UnopenableSecretError } from '../../outgoing/secret-box.js';
import { sendRequest } from '../../outgoing/send.js';
import { OutgoingError, type OutgoingPolicy } from '../../outgoing/target.js';
import type { Database } from '../../store/connection/database.js';
import {
  type ClaimedDelivery,
  claimDueDeliveries,
  type DeliveryOutcome,
  recordDelivery,
} from '../../store/webhook-deliveries.js';

/** A receiver should answer first and work then. */
const TIMEOUT_MS = 15_000;
/** Nothing is done with the answer's body. */
const MAX_ANSWER_BYTES = 64 * 1024;
const AT_ONCE = 16;
/** Longer than an attempt can take. */
const CLAIM_MS = 60_000;
const GONE = 410;

export interface Sender {
  readonly db: Database;
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
  readonly now: () => Date;
  /** Until the attempt after this one; null for none. */
  readonly retryPauseMs: (attempts: number) => number | null;
}

/** Sends every delivery that is due. At least once: one whose sender dies after sending it is sent again. */
export async function deliverDue(sender: Sender): Promise<void> {
  for (;;) {
    const due = await claimDueDeliveries(sender.db, AT_ONCE, CLAIM_MS);
    if (due.length === 0) return;
    await Promise.all(due.map((delivery) => deliver(sender, delivery)));
  }
}

async function deliver(sender: Sender, delivery: ClaimedDelivery): Promise<void> {
  const { status, error } = await attempt(sender, delivery);
  const last = error === null || status === GONE;
  const retryMs = last ? null : sender.retryPauseMs(delivery.attempts);
  await recordDelivery(sender.db, delivery, { status, error, retryMs });
}

async function attempt(sender: Sender, delivery: ClaimedDelivery): Promise<Omit<DeliveryOutcome, 'retryMs'>> {
  const { policy, openBox, now } = sender;
  const body = JSON.stringify(delivery.message);
  const box = await openBox();
  const request = { method: 'POST', timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, body } as const;
  try {
    const secret = box.open(delivery.secret, delivery.webhookId);
    const headers = { ...CONTENT, ...signatureOf(secret, delivery.id, now(), body) };
    const { status } = await sendRequest(delivery.url, { ...request, headers }, policy);
    return { status, error: status >= 200 && status < 300 ? null : `answered ${status}` };
  } catch (error) {
    if (error instanceof OutgoingError || error instanceof UnopenableSecretError)
      return { status: null, error: error.message };
    throw error;
  }
}

const CONTENT = { 'content-type': 'application/json', 'user-agent': 'Strata-Webhooks' };

/** The headers of the Standard Webhooks specification; the id stays the same over all attempts. */
function signatureOf(secret: string, id: string, at: Date, body: string): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}
