import type { components } from '../../../contract/generated/openapi.js';
import type { ReproductionRow } from '../../store/rows.js';

export function toReproduction(row: ReproductionRow): components['schemas']['Reproduction'] {
  const { id, modelId, jobId, equal, finishedAt } = row;
  return {
    id,
    object: 'reproduction',
    model_id: modelId,
    job_id: jobId,
    state: finishedAt === null ? 'running' : equal === null ? 'failed' : 'succeeded',
    equal,
    tensors_that_differ: [...row.tensors],
    different_tensors: row.different,
    reason: row.reason,
    created_at: row.createdAt.toISOString(),
    finished_at: finishedAt?.toISOString() ?? null,
    links: { self: `/reproductions/${id}`, model: `/models/${modelId}`, job: `/jobs/${jobId}` },
  };
}
