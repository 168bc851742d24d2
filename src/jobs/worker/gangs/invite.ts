import { randomBytes } from 'node:crypto';
import type { StreamAddress } from '../../../contract/stream-address.js';
import type { NetworkEnd } from '../../../contract/trainer-protocol.js';
import type { Claim } from '../../lifecycle/claim.js';
import { type Assign, closeGang, recordShared } from '../../lifecycle/share.js';
import { untilAvailable } from '../../lifecycle/work-on.js';
import { GATHER_MS } from '../../process/limits.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import {
  countPossibleGuests,
  deleteSeats,
  findTakenSeats,
  offerSeats,
  type TakenSeat,
} from '../../store/gang-seats.js';
import type { ClaimedTask } from '../../store/tasks.js';
import { runtimeOf, type Slot } from '../slots/slot.js';
import { type Gang, placeOf } from '../tasks/gang.js';
import { GuestMembers } from './guest-members.js';
import type { Nudged } from './nudged.js';

export interface InviteOptions {
  readonly db: Database;
  readonly workerId: string;
  /** Address of the trainer of a slot for other hosts; null: none. */
  readonly addressOf: (slot: Slot) => StreamAddress | null;
  readonly nudged: Nudged;
  readonly log: Log;
}

const SECRET_BYTES = 32;
/** After so many failed attempts, a task takes slots of its own worker alone. */
const FAILURES_WITH_GUESTS = 2;

/** Finds members for the gangs of this worker, and records who takes part. */
export class Inviter {
  constructor(private readonly options: InviteOptions) {}

  /**
   * Offers the stages without a slot of this worker to others, and waits for a second at most: a gang begins with the slots that
   * are free. So no gang holds slots while it waits for those of another one.
   * @param trainers most that can share the task
   * @param onLeave a member has to stop: the task is to be handed back
   */
  async invite(claim: Claim, gang: Gang, trainers: number, onLeave: () => void): Promise<void> {
    const { db, log } = this.options;
    const { task } = claim;
    const devices = gang.slots.map(({ place }) => place.device);
    try {
      const guests = await this.#gather(claim, gang, trainers, devices);
      if (guests !== null) {
        if (guests.seats.length > 0)
          gang.join(new GuestMembers({ ...this.options, ...guests, task, onLeave }));
        return;
      }
    } catch (error) {
      log.warn({ err: error, task: task.id }, 'no members of other workers could be found');
      await untilAvailable(() => deleteSeats(db, task));
    }
    // A stale attempt finds out by its lease.
    if (devices.length > 1) await untilAvailable(() => recordShared(db, task, devices));
  }

  /** Null where nobody can be asked, and nothing is recorded. */
  async #gather(claim: Claim, gang: Gang, trainers: number, devices: readonly string[]) {
    const { db, workerId } = this.options;
    const { task, assignment } = claim;
    const last = gang.slots.at(-1);
    const runtime = last && runtimeOf(last);
    const own = last && this.options.addressOf(last);
    const missing = trainers - gang.slots.length;
    // Streams between these hosts break again and again: the round goes on without them.
    if (!own || !runtime || missing <= 0 || task.failures >= FAILURES_WITH_GUESTS) return null;
    const possible = await countPossibleGuests(db, { workerId, jobId: task.jobId, runtime });
    const seats = Math.min(missing, possible);
    if (seats === 0) return null;
    await offerSeats(db, task, runtime, seats);
    await this.#untilTaken(task, seats);
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    const endsOf = (taken: readonly TakenSeat[]): readonly NetworkEnd[] =>
      [own, ...taken.map(({ address }) => address ?? own)].slice(0, taken.length).map((address, link) => {
        return { ...address, identity: `${task.id}/${task.attempt}/${link}`, secret };
      });
    const assign: Assign = (taken) => {
      const links = [...gang.slots.slice(1).map(() => null), ...endsOf(taken)];
      const members = gang.slots.length + taken.length;
      return taken.map(({ id }, guest) => {
        const place = placeOf(gang.slots.length + guest, members, links);
        return [id, { ...assignment, gang: place }] as const;
      });
    };
    const taken = await closeGang(db, task, devices, assign);
    return { seats: taken, ends: endsOf(taken) };
  }

  async #untilTaken(task: ClaimedTask, seats: number): Promise<void> {
    const { db, nudged } = this.options;
    const patience = AbortSignal.timeout(GATHER_MS);
    while (!patience.aborted) {
      // Before the look, so that no nudge is missed.
      const changed = nudged.changed(GATHER_MS, patience);
      if ((await findTakenSeats(db, task)).length >= seats) return;
      await changed;
    }
  }
}
