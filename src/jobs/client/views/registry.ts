import type { Alias, Promotion, RegisteredName } from '../../../contract/client/registry.js';
import type { AliasKey, AliasState, RegisteredNameRow } from '../../store/aliases.js';
import type * as Rows from '../../store/rows.js';

/** The etag of an alias that no model ever had. */
export const NEVER_SET = 'none';

export function toAlias(
  { modelName, alias }: AliasKey,
  { modelId, version, etag }: AliasState,
  rule: Rows.AliasRuleRow | null,
): Alias {
  return {
    object: 'alias',
    ...{ name: modelName, alias, version, model_id: modelId, etag: etag ?? NEVER_SET },
    rule: rule && {
      requires: [...rule.requires],
      approvals: rule.approvals,
      not_by_author: rule.notByAuthor,
    },
  };
}

export function toRegisteredName(
  { name, version, modelId, createdAt }: RegisteredNameRow,
  held: readonly { readonly name: string; readonly alias: string; readonly version: number }[],
): RegisteredName {
  return {
    object: 'registered_name',
    ...{ name, latest_version: version, model_id: modelId, created_at: createdAt.toISOString() },
    aliases: held
      .filter((each) => each.name === name)
      .map((each) => ({ alias: each.alias, version: each.version })),
  };
}

export function toPromotion(row: Rows.PromotionRow): Promotion {
  return {
    id: row.id,
    object: 'promotion',
    state: row.state,
    name: row.modelName,
    alias: row.alias,
    version: row.version,
    model_id: row.modelId,
    note: row.note,
    author: row.author,
    forced_reason: row.forcedReason,
    reason: row.reason,
    evidence: row.evidence.map(({ evaluations, ...verdict }) => ({
      ...verdict,
      evaluations: [...evaluations],
    })),
    approvals: [...row.approvals],
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
