import type { JobsClient } from '../../../contract/client/jobs.js';
import type { components } from '../../../contract/generated/openapi.js';
import { type RestartPoint, restartPoints } from '../../../planning/tasks/restart-points.js';
import { findArtifacts } from '../../store/artifacts.js';
import type { Database } from '../../store/connection/database.js';
import { readKeptWeights } from '../../store/kept-weights.js';
import { notFound } from '../require-job.js';
import { listOf } from '../views/parts.js';
import { checkpointId } from './init-from.js';

type Checkpoint = components['schemas']['Checkpoint'];

export function checkpointMethods(db: Database, tenant: string): Pick<JobsClient, 'listJobCheckpoints'> {
  return {
    async listJobCheckpoints(jobId) {
      const kept = (await readKeptWeights(db, tenant, jobId)) ?? notFound(jobId);
      const artifacts = new Map((await findArtifacts(db, jobId)).map(({ sha256, id }) => [sha256, id]));
      return listOf(restartPoints(kept).map((point) => toCheckpoint(jobId, point, artifacts)));
    },
  };
}

/** @param artifacts ids of downloadable artifacts by sha256 */
function toCheckpoint(
  jobId: string,
  point: RestartPoint,
  artifacts: ReadonlyMap<string, string>,
): Checkpoint {
  const { kind, round, step, createdAt, startsJobs } = point;
  return {
    id: checkpointId(jobId, point),
    object: 'checkpoint',
    job_id: jobId,
    kind,
    round,
    step,
    starts_jobs: startsJobs,
    created_at: createdAt.toISOString(),
    parts: point.parts.map(({ task, stage, uri, sizeBytes }) => {
      const sha256 = uri.slice('sha256:'.length);
      const artifact = artifacts.get(sha256);
      const links = { content: artifact === undefined ? null : `/artifacts/${artifact}/content` };
      return { task, stage, size_bytes: sizeBytes, sha256, links };
    }),
    links: { job: `/jobs/${jobId}` },
  };
}
