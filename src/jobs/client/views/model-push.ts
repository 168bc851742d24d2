import type { components } from '../../../contract/generated/openapi.js';
import type { ModelPushRow } from '../../store/rows.js';

/** Without its credentials. */
export function toModelPush(row: ModelPushRow): components['schemas']['ModelPush'] {
  const isHeld = row.leaseUntil !== null;
  const isPending = row.state === 'pending';
  return {
    id: row.id,
    object: 'model_push',
    model_id: row.modelId,
    target: row.target,
    url: row.url,
    variant: row.variant,
    alias: row.alias,
    state: isPending && isHeld ? 'running' : row.state,
    attempts: row.attempts,
    location: row.location,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    next_attempt_at: isPending && !isHeld && row.attempts > 0 ? row.dueAt.toISOString() : null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
