import type { JobsClient } from '../../contract/client/jobs.js';
import { StrataError } from '../../contract/errors.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { BlobCorruptError, BlobMissingError } from '../../storage/errors.js';
import { findArtifact, findArtifacts } from '../store/artifacts.js';
import type { Database } from '../store/connection/database.js';
import { notFound, requireJob } from './require-job.js';
import { listOf, toArtifact } from './views/parts.js';

type ArtifactMethods = Pick<JobsClient, 'listJobArtifacts' | 'getArtifact' | 'downloadArtifact'>;

export function artifactMethods(db: Database, tenant: string, blobs: BlobStore): ArtifactMethods {
  return {
    async listJobArtifacts(jobId) {
      await requireJob(db, tenant, jobId);
      return listOf((await findArtifacts(db, jobId)).map(toArtifact));
    },
    async getArtifact(id) {
      const row = await findArtifact(db, tenant, id);
      return row && toArtifact(row);
    },
    async downloadArtifact(id) {
      const row = (await findArtifact(db, tenant, id)) ?? notFound(id);
      try {
        return { path: await blobs.localPath(`sha256:${row.sha256}`), artifact: toArtifact(row) };
      } catch (error) {
        if (error instanceof BlobMissingError)
          throw new StrataError('blob_missing', `The stored bytes of ${row.name} are missing.`, {
            cause: error,
          });
        if (error instanceof BlobCorruptError)
          throw new StrataError('blob_corrupt', `The stored bytes of ${row.name} are damaged.`, {
            cause: error,
          });
        throw error;
      }
    },
  };
}
