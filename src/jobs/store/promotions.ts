import type { Approval, StoredVerdict } from './columns.js';
import { text } from './connection/column.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import type { PromotionRow } from './rows.js';

export interface NewPromotion {
  readonly id: string;
  readonly tenant: string;
  readonly modelName: string;
  readonly alias: string;
  readonly version: number;
  readonly modelId: string;
  readonly note: string;
  readonly author: string | null;
  readonly forcedReason: string | null;
  /** Etag of the alias when the promotion was created. */
  readonly seenEtag: string | null;
}

export function insertPromotion(tx: Transaction, row: NewPromotion): Promise<PromotionRow> {
  return tx.promotion.create({ data: { ...row, evidence: [], approvals: [] } });
}

export interface PromotionChange {
  readonly state: PromotionRow['state'];
  readonly reason?: string;
  readonly evidence?: readonly StoredVerdict[];
  readonly approvals?: readonly Approval[];
}

export async function changePromotion(
  tx: Transaction,
  id: string,
  { evidence, approvals, ...columns }: PromotionChange,
): Promise<PromotionRow> {
  const row = await tx.promotion.update({
    where: { id },
    data: {
      ...columns,
      ...(evidence && { evidence: toJson(evidence) }),
      ...(approvals && { approvals: toJson(approvals) }),
    },
  });
  if (columns.state === 'pending') return row;
  await tx.$executeRaw`UPDATE promotion SET finished_at = now() WHERE id = ${id}`;
  return tx.promotion.findUniqueOrThrow({ where: { id } });
}

export function findPromotion(db: Queryable, tenant: string, id: string): Promise<PromotionRow | null> {
  return db.promotion.findUnique({ where: { id, tenant } });
}

const locked = statement('lock-promotion', { id: text });

/** Locks a promotion of the tenant: decisions about it are made one after another. */
export async function lockPromotion(
  tx: Transaction,
  tenant: string,
  id: string,
): Promise<PromotionRow | null> {
  const row = await locked.first(
    tx,
    Prisma.sql`SELECT id FROM promotion WHERE id = ${id} AND tenant = ${tenant} FOR UPDATE`,
  );
  return row && findPromotion(tx, tenant, id);
}

/** The newest first. */
export function findPromotions(
  db: Queryable,
  { tenant, modelName }: { readonly tenant: string; readonly modelName: string },
  after: string | null,
  limit: number,
): Promise<PromotionRow[]> {
  return db.promotion.findMany({
    where: { tenant, modelName, ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}
