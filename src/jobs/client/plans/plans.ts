import type { PlansClient } from '../../../contract/client/plans.js';
import { StrataError } from '../../../contract/errors.js';
import type { JobSpec } from '../../../contract/spec.js';
import { describeRun } from '../../../method/index.js';
import { makePlan } from '../../../planning/forecast/forecast.js';
import { knownLink } from '../../../planning/forecast/known-link.js';
import { measuredRates } from '../../../planning/forecast/measured-rates.js';
import { networkKey } from '../../../planning/forecast/network-key.js';
import type { Database } from '../../store/connection/database.js';
import { findMeasured } from '../../store/profiles.js';
import { findTimedTasks } from '../../store/task-seconds.js';
import { type DatasetReads, resolveFor } from '../jobs/new-job.js';
import type { QueueReads } from '../jobs/queue-place.js';
import { checkTrackers } from '../jobs/trackers.js';
import type { OutgoingParts } from '../outgoing.js';

export interface PlanParts {
  readonly db: Database;
  readonly reads: DatasetReads & QueueReads;
  readonly outgoing: Pick<OutgoingParts, 'policy'>;
}

export function planMethods(parts: PlanParts, tenant: string): Pick<PlansClient, 'createPlan'> {
  const { db, reads } = parts;
  return {
    async createPlan({ job, devices, device_memory_bytes, ...given }) {
      const { spec, facts, datasetId } = await resolveUnderJob(parts, tenant, job);
      const [profile, tasks, workers] = await Promise.all([
        findMeasured(db, tenant, networkKey(spec, facts)),
        findTimedTasks(db, tenant, datasetId, spec),
        reads.workers(),
      ]);
      const slots = workers.flatMap((worker) => worker.slots).length;
      const link = knownLink(given, workers);
      const plan = makePlan(spec, facts, {
        devices: devices ?? (slots || spec.method.stages),
        memoryBytes: device_memory_bytes,
        bytesPerSecond: link.bytes_per_second,
        roundTripSeconds: link.round_trip_seconds,
        isLinkAssumed: link.source === 'assumed',
        profile,
        known: workers.flatMap((worker) => worker.devices),
        // The tasks trained all blocks.
        measured: measuredRates(
          describeRun({ ...spec, freeze: null }, facts).network,
          spec.batch_size,
          tasks,
        ),
      });
      return { ...plan, link };
    },
  };
}

/**
 * Resolves a job that is a field of a request. Errors are the same as for the job alone, with pointers into that
 * field. @throws StrataError as resolveFor does
 */
export async function resolveUnderJob(
  { reads, outgoing }: PlanParts,
  tenant: string,
  job: JobSpec,
): ReturnType<typeof resolveFor> {
  try {
    checkTrackers(job.trackers, outgoing.policy);
    return await resolveFor(reads, tenant, job, null);
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    const errors = error.errors.map((field) => ({ ...field, pointer: `/job${field.pointer}` }));
    throw new StrataError(error.code, error.detail, { cause: error, errors });
  }
}
