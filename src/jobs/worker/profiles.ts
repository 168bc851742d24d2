import type { TaskAssignment } from '../../contract/trainer-protocol.js';
import type { Leases } from '../lifecycle/held-leases.js';
import { untilAvailable, workOn } from '../lifecycle/work-on.js';
import { MAX_CLAIM_LOSSES, MAX_PROFILE_MS } from '../process/limits.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { type ClaimedProfile, failProfile, recordProfile, releaseProfile } from '../store/profiles.js';
import type { Outcome } from './children/trainer-child.js';
import { startWatchdog } from './children/watchdog.js';
import type { Slot } from './slots/slot.js';

export interface ProfileMakerOptions {
  readonly db: Database;
  readonly leases: Leases;
  readonly noProgressMs: number;
  readonly log: Log;
}

type Ending = 'lost' | 'stopped' | 'stalled' | 'late';

const REASONS: Readonly<Record<Ending, string>> = {
  lost: 'the lease of its profile was lost',
  stopped: 'its worker stops',
  stalled: 'it reported nothing',
  late: 'its profile took too long',
};

/**
 * Makes profiles of networks, each on one slot. A slot takes them in the same turn as tasks (store/queue-order.ts): a tenant
 * with many profiles waits with them like one with many tasks.
 */
export class ProfileMaker {
  readonly #inWork = new Map<Slot, (why: Ending) => void>();
  #stopping = false;

  constructor(private readonly options: ProfileMakerOptions) {}

  async make(claim: ClaimedProfile, slot: Slot): Promise<void> {
    const { db, leases, log } = this.options;
    let ending: Ending | null = null;
    let trainerDone = false;
    const end = (why: Ending): void => {
      // Another task may run there by then.
      if (trainerDone) return;
      ending ??= why;
      void slot.kill(REASONS[why]);
    };
    this.#inWork.set(slot, end);
    await workOn({
      lease: { table: 'profile', id: claim.id, attempt: claim.attempt },
      leases,
      about: { profile: claim.id, attempt: claim.attempt },
      log,
      run: async (lost) => {
        lost.addEventListener('abort', () => end('lost'));
        const outcome = await this.#measure(claim, slot, end);
        trainerDone = true;
        const how = outcome.kind === 'gone' ? (ending ?? 'gone') : outcome.kind;
        await untilAvailable(() => record(db, claim, outcome, ending));
        log.info({ profile: claim.id, device: slot.place.device, outcome: how }, 'profile ended');
      },
      fail: (error) => failProfile(db, claim, error),
    }).finally(() => this.#inWork.delete(slot));
  }

  /** Gives those in work back: another worker begins them anew. */
  releaseAll(): void {
    this.#stopping = true;
    for (const end of this.#inWork.values()) end('stopped');
  }

  async #measure(claim: ClaimedProfile, slot: Slot, end: (why: Ending) => void): Promise<Outcome> {
    if (claim.losses > MAX_CLAIM_LOSSES) {
      const message = `${claim.losses} workers in a row stopped renewing its lease`;
      return { kind: 'failed', failure: { ...NOWHERE, code: 'worker_lost', message } };
    }
    if (this.#stopping) {
      end('stopped');
      return { kind: 'gone', message: 'the worker is stopping', killer: 'worker', signal: null };
    }
    const watchdog = startWatchdog(this.options.noProgressMs, () => end('stalled'));
    const deadline = startWatchdog(MAX_PROFILE_MS, () => end('late'));
    try {
      return await slot.run(
        assignmentOf(claim),
        () => watchdog.reset(),
        () => undefined,
      );
    } finally {
      watchdog.stop();
      deadline.stop();
    }
  }
}

const NOWHERE = { stage: null, step: null, tensor: null } as const;

function assignmentOf({ id, attempt, spec, dataset }: ClaimedProfile): TaskAssignment {
  const none = { stage: null, round: null, replica: null, inputs: {} };
  return { task_id: id, job_id: id, attempt, kind: 'profile', spec, dataset, ...none };
}

const WHY_KILLED: Partial<Record<Ending, readonly [code: string, message: string]>> = {
  stalled: ['trainer_stalled', 'the trainer reported nothing in time'],
  late: ['trainer_stalled', `it took longer than ${MAX_PROFILE_MS / 60_000} minutes`],
};

async function record(
  db: Database,
  claim: ClaimedProfile,
  outcome: Outcome,
  ending: Ending | null,
): Promise<void> {
  if (outcome.kind === 'succeeded' && outcome.success.profile) {
    await recordProfile(db, claim, outcome.success.profile);
  } else if (outcome.kind === 'failed') {
    const { code, message } = outcome.failure;
    await failProfile(db, claim, { code, message });
  } else if (ending === 'stopped') await releaseProfile(db, claim);
  else if (ending !== 'lost') {
    const said = outcome.kind === 'gone' ? outcome.message : 'the trainer reported no measurement in time';
    const [code, message] = (ending && WHY_KILLED[ending]) ?? ['trainer_crashed', said];
    await failProfile(db, claim, { code, message });
  }
}
