import type { JobsClient } from '../../contract/client/jobs.js';
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

export function artifactMethods(db: Database, tenant: string, blobs: BlobStore): ArtifactMethods {
  const withPath = async (row: ArtifactRow) => ({
    path: await readStored(row.name, () => blobs.localPath(`sha256:${row.sha256}`)),
    artifact: toArtifact(row),
  });
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
    async downloadArtifact(id) {
      const row = (await findArtifact(db, tenant, id)) ?? notFound(id);
      return withPath(row);
    },
  };
}
