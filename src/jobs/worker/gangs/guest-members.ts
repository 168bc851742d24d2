import type { NetworkEnd, TaskAssignment } from '../../../contract/trainer-protocol.js';
import { GANG_LOOK_MS } from '../../process/limits.js';
import { type Loop, startLoop } from '../../process/loop.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import {
  deleteSeats,
  findSeats,
  type SeatEnd,
  type SeatState,
  type TakenSeat,
} from '../../store/gang-seats.js';
import type { ClaimedTask } from '../../store/tasks.js';
import type { OnLine, OnReport, Outcome } from '../children/trainer-child.js';
import type { Guests, Runs } from '../tasks/gang.js';
import type { Nudged } from './nudged.js';

export interface GuestMembersOptions {
  readonly db: Database;
  readonly task: ClaimedTask;
  readonly seats: readonly TakenSeat[];
  readonly ends: readonly NetworkEnd[];
  readonly nudged: Nudged;
  readonly onLeave: () => void;
  readonly log: Log;
}

/** The members of a gang on other workers, as their rows tell of them. */
export class GuestMembers implements Guests {
  readonly members: readonly GuestMember[];
  readonly ends: readonly NetworkEnd[];
  readonly #loop: Loop;
  readonly #unfollow: () => void;

  constructor(private readonly options: GuestMembersOptions) {
    const { seats, ends, log, nudged } = options;
    this.ends = ends;
    this.members = seats.map((seat) => new GuestMember(seat, () => this.#forget()));
    const loop = startLoop(
      () => this.#look(),
      GANG_LOOK_MS,
      (error) => log.warn({ err: error, task: options.task.id }, 'members of a gang on other workers'),
    );
    this.#loop = loop;
    this.#unfollow = nudged.follow(loop.nudge);
  }

  async close(): Promise<void> {
    this.#unfollow();
    await this.#loop.stop();
    await this.#forget();
  }

  async #look(): Promise<void> {
    const { db, task, onLeave } = this.options;
    const states = new Map((await findSeats(db, task)).map((state) => [state.id, state]));
    for (const member of this.members) member.see(states.get(member.id));
    if ([...states.values()].some(({ leaving }) => leaving)) onLeave();
  }

  /** Deletes the seats: whoever has one ends its trainer. Housekeeping deletes what this cannot. */
  async #forget(): Promise<void> {
    const { db, task, log } = this.options;
    await deleteSeats(db, task).catch((error) =>
      log.warn({ err: error, task: task.id }, 'seats of a gang could not be deleted yet'),
    );
  }
}

/** A trainer on another worker. It gets its task with its seat. */
class GuestMember implements Runs {
  readonly id: string;
  readonly #workerId: string;
  readonly #ended: Promise<SeatEnd>;
  #end: (end: SeatEnd) => void = () => undefined;

  /** @param forget deletes the seats of the gang */
  constructor(
    { id, workerId }: TakenSeat,
    private readonly forget: () => Promise<void>,
  ) {
    this.id = id;
    this.#workerId = workerId;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Its reports are recorded by its own worker. */
  async run(_: TaskAssignment, __: OnReport, onLine: OnLine): Promise<Outcome> {
    const { outcome, lines } = await this.#ended;
    for (const line of lines) onLine(line);
    return outcome;
  }

  /** The first trainer, which is asked for checkpoints, is never a guest. */
  askCheckpoint(): void {
    throw new Error('a member on another worker cannot be asked for a checkpoint');
  }

  async kill(reason: string): Promise<void> {
    this.#end({ outcome: { kind: 'gone', message: reason, killer: 'worker', signal: null }, lines: [] });
    await this.forget();
  }

  /** @param state undefined: the seat is gone */
  see(state: SeatState | undefined): void {
    if (state?.outcome) this.#end(state.outcome);
    else if (state === undefined || state.isLost) {
      const message = `the seat of ${this.#workerId} in the gang was lost`;
      const nowhere = { stage: null, step: null, tensor: null };
      const outcome: Outcome = { kind: 'failed', failure: { code: 'stream_lost', message, ...nowhere } };
      this.#end({ outcome, lines: [] });
    }
  }
}
