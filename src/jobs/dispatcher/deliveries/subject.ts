import type { JobError } from '../../../contract/job-error.js';
import type { ResolvedSpec } from '../../../contract/spec.js';
import type { JobState } from '../../../contract/states.js';
import { findArtifacts } from '../../store/artifacts.js';
import type { Database } from '../../store/connection/database.js';
import { EVERY_POINT, type PointRow, streamPoints } from '../../store/metrics.js';
import type { Artifact } from '../../store/rows.js';

/** A job that runs or has ended, as sent to a tracker. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  readonly metadata: Readonly<Record<string, string>>;
  readonly spec: ResolvedSpec;
  readonly datasetSha256: string | null;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly error: JobError | null;
  readonly artifacts: readonly Artifact[];
  /** Every metric point, series by series. */
  points(): AsyncGenerator<PointRow>;
}

export async function readSubject(db: Database, jobId: string): Promise<Subject> {
  const row = await db.job.findUniqueOrThrow({ where: { id: jobId }, include: { dataset: true } });
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    metadata: row.metadata,
    spec: row.spec,
    datasetSha256: row.dataset.sha256,
    startedAt: row.startedAt ?? row.createdAt,
    finishedAt: row.finishedAt ?? row.createdAt,
    error: row.error,
    artifacts: await findArtifacts(db, jobId),
    points: () => streamPoints(db, jobId, EVERY_POINT),
  };
}
