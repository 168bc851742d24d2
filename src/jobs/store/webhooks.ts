import { type Queryable, toJson } from './connection/database.js';

export interface NewWebhook {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly events: readonly string[];
  /** Encrypted. */
  readonly secret: string;
}

export function insertWebhook(db: Queryable, webhook: NewWebhook) {
  return db.webhook.create({ data: { ...webhook, events: toJson(webhook.events) } });
}

export function findWebhook(db: Queryable, tenant: string, id: string) {
  return db.webhook.findUnique({ where: { id, tenant } });
}

/** Newest first. */
export function findWebhooks(db: Queryable, tenant: string) {
  return db.webhook.findMany({ where: { tenant }, orderBy: { id: 'desc' } });
}

export function countWebhooks(db: Queryable, tenant: string): Promise<number> {
  return db.webhook.count({ where: { tenant } });
}

/** Deletes a webhook and its deliveries. @returns false if the tenant has no such webhook */
export async function deleteWebhook(db: Queryable, tenant: string, id: string): Promise<boolean> {
  return (await db.webhook.deleteMany({ where: { id, tenant } })).count > 0;
}
