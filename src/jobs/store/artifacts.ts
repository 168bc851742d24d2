import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { Queryable, Transaction } from './connection/database.js';
import { newId } from './ids.js';

const BLOB_SCHEME = 'sha256:';

/** @throws Error for an artifact that is not a blob, because spool files are deleted with their job */
export async function insertArtifacts(
  tx: Transaction,
  jobId: string,
  artifacts: readonly ArtifactOutput[],
): Promise<void> {
  if (artifacts.length === 0) return;
  const data = artifacts.map((artifact) => {
    if (!artifact.uri.startsWith(BLOB_SCHEME)) throw new Error(`artifact ${artifact.name} is not a blob`);
    return {
      id: newId('artifact'),
      jobId,
      name: artifact.name,
      kind: artifact.kind,
      mediaType: artifact.media_type,
      sizeBytes: artifact.size_bytes,
      sha256: artifact.uri.slice(BLOB_SCHEME.length),
    };
  });
  await tx.artifact.createMany({ data });
}

export function findArtifacts(db: Queryable, jobId: string) {
  return db.artifact.findMany({ where: { jobId }, orderBy: { name: 'asc' } });
}

/** The artifact of a job with this name. */
export function findNamedArtifact(db: Queryable, jobId: string, name: string) {
  return db.artifact.findUnique({ where: { jobId_name: { jobId, name } } });
}

export function findArtifact(db: Queryable, tenant: string, id: string) {
  return db.artifact.findFirst({ where: { id, job: { tenant } } });
}
