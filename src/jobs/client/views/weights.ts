import type { Weights } from '../../../contract/client/weights.js';
import type { WeightsRow } from '../../store/rows.js';

export function toWeights(row: WeightsRow): Weights {
  return {
    id: row.id,
    object: 'weights',
    name: row.name,
    layout: row.layout,
    network: row.network,
    channels: row.channels === 1 ? 1 : 3,
    classes: row.classes,
    class_names: row.classNames,
    sha256: row.sha256,
    size_bytes: Number(row.sizeBytes),
    source: row.source,
    created_at: row.createdAt.toISOString(),
  };
}
