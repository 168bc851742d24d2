import type { ChannelStatistics } from '../../contract/channel-statistics.js';
import type { ImageShape, ResolvedSpec } from '../../contract/spec.js';
import { type BlobUri, FINAL_WEIGHTS } from '../../contract/trainer-protocol.js';
import type { Queryable } from './connection/database.js';

/** A model as the start of a job. */
export interface ModelStart {
  readonly spec: ResolvedSpec;
  readonly classes: readonly string[];
  /** Shape of the images that the network sees. */
  readonly image: ImageShape;
  /** Statistics of the pixels, 0 to 255, that it was trained on; null where its dataset has changed, or has none. */
  readonly statistics: ChannelStatistics | null;
  /** The weights of the network; null if they were not stored. */
  readonly uri: BlobUri | null;
}

/** Null if the tenant has no such model. */
export async function findModelStart(db: Queryable, tenant: string, id: string): Promise<ModelStart | null> {
  const row = await db.model.findUnique({
    where: { id, tenant },
    select: {
      classes: true,
      image: true,
      datasetSha256: true,
      artifacts: { where: { name: FINAL_WEIGHTS }, select: { sha256: true } },
      job: { select: { spec: true, dataset: { select: { sha256: true, statistics: true } } } },
    },
  });
  if (row === null) return null;
  const { spec, dataset } = row.job;
  const [stored] = row.artifacts;
  return {
    spec,
    classes: row.classes,
    image: row.image,
    statistics: dataset.sha256 === row.datasetSha256 ? dataset.statistics : null,
    uri: stored ? `sha256:${stored.sha256}` : null,
  };
}
