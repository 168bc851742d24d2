/** Job events that webhooks can subscribe to. */
export const WEBHOOK_EVENTS = [
  'job.queued',
  'job.preparing',
  'job.running',
  'job.finalizing',
  'job.paused',
  'job.resumed',
  'job.succeeded',
  'job.failed',
  'job.cancelled',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export function isWebhookEvent(type: string): type is WebhookEvent {
  return (WEBHOOK_EVENTS as readonly string[]).includes(type);
}
