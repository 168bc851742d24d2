import type { PlansClient } from '../../../contract/client/plans.js';
import { StrataError } from '../../../contract/errors.js';
import type { DeviceKind } from '../../../planning/forecast/device-kind.js';
import { networkKey } from '../../../planning/forecast/network-key.js';
import { MAX_PROFILES_PER_TENANT } from '../../process/limits.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import { countProfiles, deleteProfile, ensureProfile, findProfile } from '../../store/profiles.js';
import type { LiveWorker } from '../../store/workers.js';
import { notFound } from '../require-job.js';
import { toProfile } from '../views/profiles.js';
import { type PlanParts, resolveUnderJob } from './plans.js';

export function profileMethods(
  parts: PlanParts,
  tenant: string,
): Pick<PlansClient, 'createProfile' | 'getProfile' | 'deleteProfile'> {
  const { db, reads } = parts;
  return {
    async createProfile({ job, device }) {
      const { spec: resolved, facts } = await resolveUnderJob(parts, tenant, job);
      // Trackers do not affect a profile, and their secrets must not be stored with it.
      const spec = { ...resolved, trackers: [] };
      const deviceKind = device ?? preferredKind(await reads.workers());
      const network = networkKey(spec, facts);
      const profile = { id: newId('profile'), tenant, network, deviceKind, spec, dataset: facts };
      return underLimit(db, 'profile', tenant, async (tx) => {
        const ensured = await ensureProfile(tx, profile);
        // A profile that existed before is returned even above the limit.
        if (ensured.id === profile.id && (await countProfiles(tx, tenant)) > MAX_PROFILES_PER_TENANT) {
          const detail = `There may be ${MAX_PROFILES_PER_TENANT} profiles: delete one first.`;
          throw new StrataError('limit_reached', detail);
        }
        return toProfile(ensured);
      });
    },
    async getProfile(id) {
      const row = await findProfile(db, tenant, id);
      return row && toProfile(row);
    },
    async deleteProfile(id) {
      if (!(await deleteProfile(db, tenant, id))) notFound(id);
    },
  };
}

function preferredKind(workers: readonly LiveWorker[]): DeviceKind {
  const devices = workers.flatMap((worker) => worker.devices);
  return devices.some(({ kind }) => kind === 'gpu') ? 'gpu' : 'cpu';
}
