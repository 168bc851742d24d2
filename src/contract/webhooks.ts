/** Events of other resources than jobs that webhooks can subscribe to. */
const RESOURCE_EVENTS = [
  'model.version.created',
  'model.alias.changed',
  'promotion.pending',
  'promotion.applied',
  'promotion.rejected',
  'dataset.ready',
  'dataset.failed',
  'batch_prediction.succeeded',
  'batch_prediction.failed',
  'batch_prediction.cancelled',
] as const;
export type ResourceEvent = (typeof RESOURCE_EVENTS)[number];

/** Events that webhooks can subscribe to. */
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
  ...RESOURCE_EVENTS,
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export function isWebhookEvent(type: string): type is WebhookEvent {
  return (WEBHOOK_EVENTS as readonly string[]).includes(type);
}
