import type { TaskAssignment } from '../../contract/trainer-protocol.js';
import { type DeviceKind, deviceKindOf } from '../../planning/forecast/device-kind.js';
import { PROFILE_LOOK_MS } from '../process/limits.js';
import { startLoop } from '../process/loop.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { listen } from '../store/connection/notify.js';
import {
  type ClaimedProfile,
  claimProfile,
  failProfile,
  isProfileWanted,
  recordProfile,
  releaseProfile,
  renewProfile,
} from '../store/profiles.js';
import type { Outcome } from './children/trainer-child.js';
import { startWatchdog } from './children/watchdog.js';
import type { Slot } from './slots/slot.js';

export interface ProfilesOptions {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly slots: readonly Slot[];
  readonly noProgressMs: number;
  /** Has a slot that has nothing to do look for work, and so come by here; resolves when it has found no more. */
  readonly wakeSlot: () => Promise<void>;
  readonly log: Log;
}

export interface Profiles {
  /** Makes the profiles that wait, on a slot between two tasks; nothing, and no look at Postgres, where none is known to. */
  makeOn(slot: Slot): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes profiles of networks, each by one slot, before the next task: they take seconds, and whoever asked for one plans by it. A
 * lease says whose one is, which reports renew, and a fence keeps out what another attempt measured.
 */
export async function startProfiles(options: ProfilesOptions): Promise<Profiles> {
  const { db, databaseUrl, slots, log } = options;
  const kinds = [...new Set(slots.map(({ place }) => deviceKindOf(place.device)))];
  const wanted = new Set<DeviceKind>();
  const inWork = new Set<Slot>();
  const warn = (error: unknown) => log.warn({ err: error }, 'profiles');
  let stopping = false;

  const makeOn = async (slot: Slot): Promise<void> => {
    const { device } = slot.place;
    const kind = deviceKindOf(device);
    while (!stopping && wanted.has(kind)) {
      const claim = await claimProfile(db, device, kind);
      if (claim === null) wanted.delete(kind);
      else {
        inWork.add(slot);
        await make(claim, slot, options, () => stopping).finally(() => inWork.delete(slot));
      }
    }
  };
  const look = async (): Promise<void> => {
    for (const kind of kinds) if (await isProfileWanted(db, kind)) wanted.add(kind);
    // Not waited for: a slot that begins with a profile may go on with tasks for hours.
    if (wanted.size > 0) void options.wakeSlot().catch(warn);
  };
  const loop = startLoop(look, PROFILE_LOOK_MS, warn);
  const nudges = await listen(databaseUrl, 'strata_profile', () => loop.nudge());
  return {
    makeOn,
    async stop() {
      stopping = true;
      await Promise.all([...inWork].map((slot) => slot.kill()));
      await nudges.close();
      await loop.stop();
    },
  };
}

async function make(
  claim: ClaimedProfile,
  slot: Slot,
  { db, noProgressMs, log }: ProfilesOptions,
  isStopping: () => boolean,
): Promise<void> {
  let stalled = false;
  const watchdog = startWatchdog(noProgressMs, () => {
    stalled = true;
    void slot.kill();
  });
  // Kept by reports: a trainer that is silent loses it.
  const renewing = renewals(() => renewProfile(db, claim));
  const outcome = await slot.run(
    assignmentOf(claim),
    () => {
      watchdog.reset();
      renewing();
    },
    () => undefined,
  );
  watchdog.stop();
  await record(db, claim, outcome, { stalled, stopping: isStopping() });
  log.info({ profile: claim.id, device: slot.place.device, outcome: outcome.kind }, 'profile ended');
}

const RENEW_MS = 10_000;

/** Renews at most so often; one that cannot be written comes again. */
function renewals(renew: () => Promise<void>): () => void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < RENEW_MS) return;
    last = performance.now();
    renew().catch(() => undefined);
  };
}

function assignmentOf({ id, attempt, spec, dataset }: ClaimedProfile): TaskAssignment {
  const none = { stage: null, round: null, replica: null, inputs: {} };
  return { task_id: id, job_id: id, attempt, kind: 'profile', spec, dataset, ...none };
}

async function record(
  db: Database,
  claim: ClaimedProfile,
  outcome: Outcome,
  { stalled, stopping }: { readonly stalled: boolean; readonly stopping: boolean },
): Promise<void> {
  if (outcome.kind === 'succeeded' && outcome.success.profile) {
    await recordProfile(db, claim, outcome.success.profile);
  } else if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    await failProfile(db, claim, { code, message });
  } else if (stopping) await releaseProfile(db, claim);
  else {
    const code = stalled ? 'trainer_stalled' : 'trainer_crashed';
    const message = outcome.kind === 'gone' ? outcome.message : 'the trainer measured nothing';
    await failProfile(db, claim, { code, message });
  }
}
