import { Webhook } from 'standardwebhooks';
import type { SecretBox } from '../../outgoing/secret-box.js';
import { sendForStatus } from '../../outgoing/send.js';
import { forPurpose, type OutgoingPolicy } from '../../outgoing/target.js';
import { LEASE_MS } from '../../process/limits.js';
import type { Places } from '../../process/places.js';
import {
  type ClaimedMessage,
  claimDelivery,
  recordMessageArrived,
  recordMessageFailure,
} from '../../store/webhook-deliveries.js';
import { type OutboxOptions, openOutbox, type SendEnd } from './outbox.js';
import { retryAfterMs } from './retry.js';

/** A receiver should respond first and work afterwards. */
const TIMEOUT_MS = 15_000;
const AT_ONCE = 32;
const GONE = 410;

export interface Sender extends OutboxOptions {
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
  readonly now: () => Date;
}

/** Sends webhooks' messages that are due. */
export function openDeliveries(sender: Sender): Places {
  const { db } = sender;
  return openOutbox<ClaimedMessage, number>(
    {
      table: 'webhook_delivery',
      claim: () => claimDelivery(db, LEASE_MS),
      send: (claimed) => send(sender, claimed),
      arrived: (claimed, status) => recordMessageArrived(db, claimed, status),
      failed: (claimed, failure, status) => recordMessageFailure(db, claimed, status, failure),
    },
    AT_ONCE,
    sender,
  );
}

async function send(
  { policy, openBox, now }: Sender,
  { id, webhookId, message, url, secret }: ClaimedMessage,
): Promise<SendEnd<number>> {
  const body = JSON.stringify(message);
  const at = now();
  const opened = (await openBox()).open(secret, webhookId);
  const headers = { ...CONTENT, ...signatureOf(opened, id, at, body) };
  const answer = await sendForStatus(
    url,
    { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS },
    forPurpose(policy, 'webhook'),
  );
  const { status } = answer;
  if (status >= 200 && status < 300) return { arrived: status };
  const pauseMs = retryAfterMs(answer.headers['retry-after'], at);
  return { error: `answered ${status}`, status, isFinal: status === GONE, ...(pauseMs && { pauseMs }) };
}

const CONTENT = { 'content-type': 'application/json', 'user-agent': 'Strata-Webhooks' };

/** The headers of the Standard Webhooks specification. The id is the same in all attempts. */
function signatureOf(secret: string, id: string, at: Date, body: string): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
}
