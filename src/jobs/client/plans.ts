import { StrataError } from '../../contract/errors.js';
import type { JobsClient } from '../../contract/jobs-client.js';
import { describeRun } from '../../network/index.js';
import { makePlan } from '../plans/make-plan.js';
import { measuredRates } from '../plans/measured-rates.js';
import { type Database, fromJson } from '../store/database.js';
import { findTimedTasks } from '../store/task-seconds.js';
import type { WorkerSlot } from '../store/workers.js';
import { type DatasetReads, resolveFor } from './new-job.js';
import type { OutgoingParts } from './outgoing.js';
import type { QueueReads } from './queue.js';
import { checkTrackers } from './trackers.js';

interface PlanParts {
  readonly db: Database;
  readonly reads: DatasetReads & QueueReads;
  readonly outgoing: Pick<OutgoingParts, 'policy'>;
}

export function planMethods(
  { db, reads, outgoing }: PlanParts,
  tenant: string,
): Pick<JobsClient, 'createPlan'> {
  return {
    async createPlan({ job, devices, device_memory_bytes, link_bytes_per_second }) {
      const { spec, facts, datasetId } = await underJob(async () => {
        checkTrackers(job.trackers, outgoing.policy);
        return resolveFor(reads, tenant, job);
      });
      const [tasks, workers] = await Promise.all([
        findTimedTasks(db, tenant, datasetId, spec),
        reads.workers(),
      ]);
      const slots = workers.flatMap((worker) => fromJson<WorkerSlot[]>(worker.slots)).length;
      return makePlan(spec, facts, {
        devices: devices ?? (slots || spec.method.stages),
        memoryBytes: device_memory_bytes,
        bytesPerSecond: link_bytes_per_second,
        measured: measuredRates(describeRun(spec, facts).network, spec.batch_size, tasks),
      });
    },
  };
}

/** A job within a request: errors point there. */
async function underJob<T>(resolve: () => Promise<T>): Promise<T> {
  try {
    return await resolve();
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    const errors = error.errors.map((field) => ({ ...field, pointer: `/job${field.pointer}` }));
    throw new StrataError(error.code, error.detail, { cause: error, errors });
  }
}
