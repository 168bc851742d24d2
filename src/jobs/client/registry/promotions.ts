import type {
  KeyId,
  Promotion,
  PromotionRequest,
  RegistryClient,
} from '../../../contract/client/registry.js';
import { StrataError } from '../../../contract/errors.js';
import { findRule, lockAlias, readAlias } from '../../store/aliases.js';
import { announce } from '../../store/announcements.js';
import type { Approval } from '../../store/columns.js';
import { databaseNow } from '../../store/connection/clock.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { newId } from '../../store/ids.js';
import { giveTag } from '../../store/model-tags.js';
import {
  changePromotion,
  findPromotion,
  findPromotions,
  insertPromotion,
  lockPromotion,
  type PromotionChange,
} from '../../store/promotions.js';
import type * as Rows from '../../store/rows.js';
import { placeAfter } from '../cursor.js';
import { notFound } from '../require-job.js';
import { pageOf } from '../views/parts.js';
import { NEVER_SET, toPromotion } from '../views/registry.js';
import { judgeAll } from './evidence.js';
import { lockVersion, requireName } from './versions.js';

type Methods = Pick<
  RegistryClient,
  'createPromotion' | 'listPromotions' | 'approvePromotion' | 'rejectPromotion' | 'getPromotion'
>;

export function promotionMethods(db: Database, tenant: string): Methods {
  /** Runs a decision about a pending promotion. A promotion that lost a race is rejected, and the caller hears why. */
  const decide = async (
    id: string,
    decision: (tx: Transaction, row: Rows.PromotionRow) => Promise<Rows.PromotionRow>,
  ): Promise<Promotion> => {
    const row = await db.$transaction(async (tx) => {
      const found = (await lockPromotion(tx, tenant, id)) ?? notFound(id);
      if (found.state !== 'pending')
        throw new StrataError('promotion_ended', `The state of ${id} is ${found.state}.`);
      return decision(tx, found);
    });
    return heard(row);
  };
  return {
    async createPromotion(name, request, author) {
      const row = await db.$transaction((tx) => create(tx, { tenant, name, author, request }));
      return heard(row);
    },
    async listPromotions(name, { after, limit }) {
      await requireName(db, tenant, name);
      const subject = { tenant, modelName: name };
      const rows = await findPromotions(db, subject, placeAfter(after, 'promotion'), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(toPromotion) };
    },
    approvePromotion: (id, by) => decide(id, (tx, row) => approve(tx, row, by)),
    rejectPromotion: (id, by) =>
      decide(id, (tx, row) =>
        end(tx, row, { state: 'rejected', reason: `Rejected by ${by ?? 'a caller'}.` }),
      ),
    async getPromotion(id) {
      return toPromotion((await findPromotion(db, tenant, id)) ?? notFound(id));
    },
  };
}

const OVERTAKEN = 'The alias has changed since the promotion was created.';

/** @throws StrataError alias_changed for a promotion that another one overtook: its rejection is stored by then */
function heard(row: Rows.PromotionRow): Promotion {
  if (row.state === 'rejected' && row.reason === OVERTAKEN) throw new StrataError('alias_changed', OVERTAKEN);
  return toPromotion(row);
}

interface Creation {
  readonly tenant: string;
  readonly name: string;
  readonly author: KeyId;
  readonly request: PromotionRequest;
}

async function create(
  tx: Transaction,
  { tenant, name, author, request }: Creation,
): Promise<Rows.PromotionRow> {
  const { version, alias, note, force, etag } = request;
  const modelId = await lockVersion(tx, tenant, name, version);
  const key = { tenant, modelName: name, alias };
  await lockAlias(tx, key);
  const seen = await readAlias(tx, key);
  if (etag !== null && etag !== (seen.etag ?? NEVER_SET)) throw new StrataError('alias_changed');
  const row = await insertPromotion(tx, {
    id: newId('promotion'),
    ...key,
    ...{ version, modelId, note, author, forcedReason: force?.reason ?? null, seenEtag: seen.etag },
  });
  return settle(tx, row, []);
}

async function approve(tx: Transaction, row: Rows.PromotionRow, by: KeyId): Promise<Rows.PromotionRow> {
  const rule = await findRule(tx, row);
  if (rule?.notByAuthor && by === row.author)
    throw new StrataError(
      'approval_refused',
      'The rule of the alias asks for another key than that of the author.',
    );
  if (row.approvals.some(({ by: earlier }) => earlier === by))
    throw new StrataError('approval_refused', 'This key has approved it already.');
  const at = (await databaseNow(tx)).toISOString();
  return settle(tx, row, [...row.approvals, { by, at }]);
}

/** Applies a promotion that has all it needs, rejects one that the rule forbids, and leaves others pending. */
async function settle(
  tx: Transaction,
  row: Rows.PromotionRow,
  approvals: readonly Approval[],
): Promise<Rows.PromotionRow> {
  const modelId = await lockVersion(tx, row.tenant, row.modelName, row.version);
  await lockAlias(tx, row);
  const { etag } = await readAlias(tx, row);
  if (etag !== row.seenEtag) return end(tx, row, { state: 'rejected', reason: OVERTAKEN, approvals });
  const rule = await findRule(tx, row);
  const evidence = await judgeAll(tx, { ...row, modelId }, rule?.requires ?? []);
  const isForced = row.forcedReason !== null;
  const failed = evidence.filter(({ met }) => !met);
  if (failed.length > 0 && !isForced) {
    const reason = failed.map((verdict) => verdict.reason).join(' ');
    return end(tx, row, { state: 'rejected', reason, evidence, approvals });
  }
  if (approvals.length < (rule?.approvals ?? 0) && !isForced)
    return end(tx, row, { state: 'pending', evidence, approvals });
  await giveTag(tx, { id: modelId, tenant: row.tenant, name: row.modelName }, row.alias);
  return end(tx, row, { state: 'applied', evidence, approvals });
}

async function end(
  tx: Transaction,
  { id, tenant }: Rows.PromotionRow,
  change: PromotionChange,
): Promise<Rows.PromotionRow> {
  const row = await changePromotion(tx, id, change);
  await announce(tx, tenant, `promotion.${row.state}`, { promotion: toPromotion(row) });
  return row;
}
