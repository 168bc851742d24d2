import type { BlobUri } from '../../contract/blob-uri.js';
import { FINAL_WEIGHTS } from '../../contract/trainer-protocol.js';
import type { KeptWeights } from '../../planning/tasks/restart-points.js';
import type { Queryable } from './connection/database.js';
import { factsOf } from './dataset-facts.js';

const TRAINING = ['stage', 'end_to_end'];

/** Begins the names of artifacts with states of a job that has ended. */
export const KEPT_CHECKPOINTS = 'checkpoints/';

/** Stored weights of a job of the tenant; null if it has no such job. */
export async function readKeptWeights(
  db: Queryable,
  tenant: string,
  jobId: string,
): Promise<KeptWeights | null> {
  const job = await db.job.findUnique({
    where: { id: jobId, tenant },
    select: {
      spec: true,
      finishedAt: true,
      dataset: true,
      artifacts: { where: { OR: [{ name: FINAL_WEIGHTS }, { name: { startsWith: KEPT_CHECKPOINTS } }] } },
      tasks: {
        where: { OR: [{ kind: { in: TRAINING }, state: 'succeeded' }, { checkpoint: { isNot: null } }] },
        orderBy: { position: 'asc' },
        include: { checkpoint: true },
      },
    },
  });
  if (job === null) return null;
  const final = job.artifacts.find(({ name }) => name === FINAL_WEIGHTS);
  return {
    spec: job.spec,
    facts: factsOf(job.dataset),
    ended: job.finishedAt !== null,
    artifacts: new Set(job.artifacts.map(({ sha256 }): BlobUri => `sha256:${sha256}`)),
    tasks: job.tasks.flatMap(({ key, kind, stage, round, outputs, finishedAt }) =>
      outputs === null ? [] : [{ key, kind, stage, round, finishedAt: finishedAt ?? new Date(0), outputs }],
    ),
    checkpoints: job.tasks.flatMap(({ key, stage, checkpoint }) => {
      if (checkpoint === null) return [];
      const { uri, sizeBytes, step, createdAt } = checkpoint;
      return [{ task: key, stage, uri, sizeBytes: Number(sizeBytes), step, createdAt }];
    }),
    final: final
      ? { uri: `sha256:${final.sha256}`, sizeBytes: Number(final.sizeBytes), createdAt: final.createdAt }
      : null,
  };
}

/** The weights and the dataset that a job started from. The job exists. */
export function readStart(db: Queryable, jobId: string) {
  return db.job.findUniqueOrThrow({
    where: { id: jobId },
    select: { name: true, initial: true, dataset: { include: { import: true } } },
  });
}
