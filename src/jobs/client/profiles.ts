import { StrataError } from '../../contract/errors.js';
import type { JobsClient } from '../../contract/jobs-client.js';
import { newId } from '../ids.js';
import { MAX_PROFILES_PER_TENANT } from '../limits.js';
import { networkKey } from '../profiles/network-key.js';
import { type Database, fromJson } from '../store/database.js';
import { countProfiles, type DeviceKind, ensureProfile, findProfile } from '../store/profiles.js';
import type { Worker } from '../store/rows.js';
import type { WorkerDevice } from '../store/workers.js';
import { toProfile } from '../wire/profiles.js';
import type { DatasetReads } from './new-job.js';
import type { OutgoingParts } from './outgoing.js';
import { resolveUnderJob } from './plans.js';
import type { QueueReads } from './queue.js';
import { checkTrackers } from './trackers.js';

interface ProfileParts {
  readonly db: Database;
  readonly reads: DatasetReads & QueueReads;
  readonly outgoing: Pick<OutgoingParts, 'policy'>;
}

export function profileMethods(
  { db, reads, outgoing }: ProfileParts,
  tenant: string,
): Pick<JobsClient, 'createProfile' | 'getProfile'> {
  return {
    async createProfile({ job, device }) {
      const check = () => checkTrackers(job.trackers, outgoing.policy);
      // Trackers have no part in it, nor are their secrets to be kept.
      const { spec, facts } = await resolveUnderJob(reads, tenant, { ...job, trackers: [] }, check);
      const deviceKind = device ?? preferredKind(await reads.workers());
      const network = networkKey(spec, facts);
      const profile = { id: newId('profile'), tenant, network, deviceKind, spec, dataset: facts };
      return db.$transaction(async (tx) => {
        if ((await countProfiles(tx, tenant)) >= MAX_PROFILES_PER_TENANT) {
          const detail = `There may be ${MAX_PROFILES_PER_TENANT} profiles; those of last week are deleted.`;
          throw new StrataError('limit_reached', detail);
        }
        return toProfile(await ensureProfile(tx, profile));
      });
    },
    async getProfile(id) {
      const row = await findProfile(db, tenant, id);
      return row && toProfile(row);
    },
  };
}

function preferredKind(workers: readonly Worker[]): DeviceKind {
  const devices = workers.flatMap((worker) => fromJson<WorkerDevice[]>(worker.devices));
  return devices.some(({ kind }) => kind === 'gpu') ? 'gpu' : 'cpu';
}
