import { COLUMNS } from './columns.js';
import { orNull, type RowOf, text } from './connection/column.js';
import type { Database, Queryable, Transaction } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import {
  CLAIMED_DELIVERY,
  type DeliveryFailure,
  recordDelivered,
  recordDeliveryFailure,
} from './deliveries.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, TAKEABLE, taken } from './leases.js';
import type { ModelPushRow } from './rows.js';
import { type SharedPlace, takeInTurn } from './turns.js';

/** A place for a model. Its secret is encrypted, bound to the id of its row. */
export interface SealedPush
  extends Pick<
    ModelPushRow,
    'id' | 'tenant' | 'modelId' | 'target' | 'url' | 'variant' | 'alias' | 'region'
  > {
  /** Encrypted. */
  readonly secret: string | null;
}

export const newModelPushId = (): string => newId('push');

/** Adds a push, or begins the existing one anew: a model is once at each address. */
export async function putModelPush(tx: Transaction, push: SealedPush): Promise<ModelPushRow> {
  const { id, tenant, modelId, target, url, variant, alias, region, secret } = push;
  await tx.$executeRaw`
    INSERT INTO model_push (id, tenant, model_id, target, url, variant, alias, region, secret)
    VALUES (${id}, ${tenant}, ${modelId}, ${target}, ${url}, ${variant}, ${alias}, ${region}, ${secret})
    ON CONFLICT (model_id, target, url, variant) DO UPDATE SET id = excluded.id, alias = excluded.alias,
      region = excluded.region, secret = excluded.secret, state = 'pending', attempt = model_push.attempt + 1, attempts = 0,
      losses = 0, lease_until = NULL, due_at = now(), error = NULL, finished_at = NULL`;
  notify(tx, 'strata_dispatch');
  return tx.modelPush.findUniqueOrThrow({ where: { id } });
}

/** Pushes in the order of their first requests. */
export function findModelPushes(db: Queryable, modelId: string): Promise<ModelPushRow[]> {
  return db.modelPush.findMany({ where: { modelId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

/** A push that is this process's to make, until its lease is over. */
const CLAIMED_PUSH = {
  ...CLAIMED_DELIVERY,
  modelId: text,
  target: COLUMNS.modelPush.target,
  url: text,
  variant: COLUMNS.modelPush.variant,
  alias: orNull(text),
  region: orNull(text),
  /** Encrypted. */
  secret: orNull(text),
};
export type ClaimedPush = RowOf<typeof CLAIMED_PUSH>;
const claimed = statement('claim-push', CLAIMED_PUSH);

/** A tenant with slow targets holds two places, of those of all dispatchers. */
const PLACE: SharedPlace = {
  name: 'push',
  table: 'model_push',
  open: Prisma.sql`state = 'pending'`,
  lane: ['tenant'],
  tenantMax: 2,
  laneMax: 2,
};

/** Takes the push whose turn it is; null where none is due. */
export function claimPush(db: Database, leaseMs: number): Promise<ClaimedPush | null> {
  return takeInTurn(db, PLACE, (id) =>
    claimed.first(
      db,
      Prisma.sql`
      UPDATE model_push SET ${taken(leaseMs)}, attempts = attempts + 1
      WHERE id = ${id} AND state = 'pending' AND ${TAKEABLE}
      RETURNING id, attempt, tenant, attempts, losses, model_id AS "modelId", target, url, variant, alias, region, secret`,
    ),
  );
}

/** Records that it arrived, and forgets the credentials: nothing needs them any more. */
export function recordPush(db: Queryable, fence: Fence, location: string): Promise<boolean> {
  return recordDelivered(db, 'model_push', fence, Prisma.sql`, location = ${location}, secret = NULL`);
}

export function recordPushFailure(db: Queryable, fence: Fence, failure: DeliveryFailure): Promise<boolean> {
  return recordDeliveryFailure(db, 'model_push', fence, failure);
}
