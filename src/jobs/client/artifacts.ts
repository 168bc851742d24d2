import type { Artifact, JobsClient } from '../../contract/client/jobs.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { findArtifact, findArtifacts } from '../store/artifacts.js';
import type { Database } from '../store/connection/database.js';
import type { Artifact as ArtifactRow } from '../store/rows.js';
import { notFound, requireJob } from './require-job.js';
import { readStored } from './stored.js';
import { listOf, toArtifact } from './views/parts.js';

type ArtifactMethods = Pick<
  JobsClient,
  'listJobArtifacts' | 'downloadJobArtifacts' | 'getArtifact' | 'downloadArtifact'
>;

/** A second request takes longer than the bytes of a smaller file. */
const MIN_PRESIGNED_BYTES = 1 << 20;

/** @param presignedS seconds for which an address in the bucket is valid; 0: the API sends all bytes itself */
export function artifactMethods(
  { db, blobs, presignedS }: { db: Database; blobs: BlobStore; presignedS: number },
  tenant: string,
): ArtifactMethods {
  const withPath = async (row: ArtifactRow) => ({
    path: await readStored(row.name, () => blobs.localPath(`sha256:${row.sha256}`)),
    artifact: toArtifact(row),
  });
  // Pages show reports, and may read from their own server alone.
  const isPresigned = ({ kind, size_bytes }: Artifact) =>
    presignedS > 0 && kind !== 'report' && size_bytes >= MIN_PRESIGNED_BYTES;
  return {
    async listJobArtifacts(jobId) {
      await requireJob(db, tenant, jobId);
      return listOf((await findArtifacts(db, jobId)).map(toArtifact));
    },
    async downloadJobArtifacts(jobId) {
      await requireJob(db, tenant, jobId);
      return Promise.all((await findArtifacts(db, jobId)).map(withPath));
    },
    async getArtifact(id) {
      const row = await findArtifact(db, tenant, id);
      return row && toArtifact(row);
    },
    async downloadArtifact(id, dispositionOf) {
      const row = (await findArtifact(db, tenant, id)) ?? notFound(id);
      const artifact = toArtifact(row);
      const { name, sha256 } = artifact;
      if (dispositionOf === undefined || !isPresigned(artifact)) return withPath(row);
      const headers = { contentDisposition: dispositionOf(name), contentType: artifact.media_type };
      const as = { ...headers, seconds: presignedS };
      const url = await readStored(name, () => blobs.downloadUrl(`sha256:${sha256}`, as));
      return url === null ? withPath(row) : { artifact, url };
    },
  };
}
