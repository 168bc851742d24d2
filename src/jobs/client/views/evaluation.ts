import type { Evaluation } from '../../../contract/client/evaluations.js';
import type * as Rows from '../../store/rows.js';

export function toEvaluation(row: Rows.Evaluation): Evaluation {
  const self = `/evaluations/${row.id}`;
  return {
    id: row.id,
    object: 'evaluation',
    state: row.state,
    model_id: row.modelId,
    model_name: row.modelName,
    checkpoint: row.setup.checkpoint ?? null,
    variant: row.variant,
    dataset: { id: row.datasetId, name: row.datasetName, sha256: row.datasetSha256 },
    split: row.split,
    tta: row.tta,
    cascade: row.cascade,
    slices: row.slices,
    images: row.images,
    progress: row.state === 'succeeded' ? 1 : row.partsDone / row.parts,
    figures: row.figures,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    links: {
      self,
      model: row.modelId && `/models/${row.modelId}`,
      job: row.jobId && `/jobs/${row.jobId}`,
      predictions: `${self}/predictions`,
    },
  };
}
