import type { BatchPrediction } from '../../../contract/client/batches.js';
import type * as Rows from '../../store/rows.js';

export function toBatchPrediction(row: Rows.BatchPrediction): BatchPrediction {
  const self = `/batch-predictions/${row.id}`;
  const { format, topK, embedding, cascade } = row.setup;
  return {
    id: row.id,
    object: 'batch_prediction',
    state: row.state,
    model_id: row.modelId,
    model_name: row.modelName,
    variant: row.variant,
    input: inputOf(row),
    output: { format, size_bytes: Number(row.resultBytes) },
    top_k: topK,
    include: embedding ? ['embedding'] : [],
    max_failed_share: row.maxFailedShare,
    cascade: cascade && { threshold: cascade.threshold },
    counts: { total: row.total, done: row.done, failed: row.failed, by_compact: row.byCompact },
    error: row.error,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    links: {
      self,
      model: `/models/${row.modelId}`,
      result: `${self}/result`,
      errors: `${self}/errors`,
    },
  };
}

function inputOf({
  datasetId: id,
  datasetName: name,
  datasetSha256: sha256,
  split,
  upload,
}: Rows.BatchPrediction): BatchPrediction['input'] {
  const isDataset = id !== null && name !== null && sha256 !== null;
  return { dataset: isDataset ? { id, name, sha256 } : null, split, upload };
}
