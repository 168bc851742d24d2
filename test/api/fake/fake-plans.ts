import type { PlansClient } from '../../../src/contract/client/plans.js';
import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import { StrataError } from '../../../src/contract/errors.js';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import { knownLink } from '../../../src/planning/forecast/known-link.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { NOW } from '../fixtures.js';

/** Plans as the service makes them without a profile; profiles wait for ever. */
export class FakePlans implements PlansClient {
  readonly profiles = new Map<string, Awaited<ReturnType<PlansClient['createProfile']>>>();

  async createPlan({ job, devices }: Parameters<PlansClient['createPlan']>[0]) {
    const facts = BUILT_IN_DATASETS.find(({ name }) => name === job.dataset);
    if (facts === undefined) throw new StrataError('invalid_spec');
    const machine = { devices: devices ?? 2, memoryBytes: null, bytesPerSecond: 125e6, roundTripSeconds: 0 };
    const plan = makePlan(resolveSpec(job, facts, 7), facts, { ...machine, profile: null, measured: null });
    const none = { link_bytes_per_second: null, link_round_trip_seconds: null };
    return { ...plan, link: knownLink(none, []) };
  }

  async createProfile({ job, device }: Parameters<PlansClient['createProfile']>[0]) {
    const profile = {
      ...{ id: `profile_${this.profiles.size + 1}`, object: 'profile' as const, state: 'queued' as const },
      ...{ device_kind: device ?? ('cpu' as const), device: null, batch_size: job.batch_size },
      ...{ step_seconds: null, parts: [], error: null, created_at: NOW, finished_at: null },
      links: { self: `/profiles/profile_${this.profiles.size + 1}` },
    };
    this.profiles.set(profile.id, profile);
    return profile;
  }

  async getProfile(id: string) {
    return this.profiles.get(id) ?? null;
  }

  async deleteProfile(id: string) {
    if (!this.profiles.delete(id)) throw new StrataError('not_found');
  }
}
