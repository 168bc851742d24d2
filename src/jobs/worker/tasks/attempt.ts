import type { TaskAssignment } from '../../../contract/trainer-protocol.js';
import type { Claim } from '../../lifecycle/claim.js';
import { YIELD_MS } from '../../process/limits.js';
import type { StopWish } from '../../store/leases.js';
import type { OnLine, OnReport, Outcome } from '../children/trainer-child.js';
import type { Runs } from './gang.js';

/**
 * Reason why the worker ended an attempt. `yielded`: the task goes back without counting a failure, from its last
 * checkpoint.
 */
export type Ending = 'killed' | 'yielded' | 'lost' | 'stalled';

const REASONS: Readonly<Record<Ending, string>> = {
  killed: 'its job is to end at once',
  yielded: `it made no checkpoint within ${YIELD_MS / 1000} s`,
  lost: 'the lease of its task was lost',
  stalled: 'it reported nothing',
};

/** A claimed task on a slot, or on several, and the ways to end it. The report or the end of its trainer advances it. */
export class Attempt {
  private cause: Ending | null = null;
  private lost = false;
  private trainerDone = false;
  private patience: NodeJS.Timeout | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt = performance.now();

  constructor(
    readonly claim: Claim,
    private readonly runs: Runs,
  ) {}

  get ending(): Ending | null {
    return this.cause;
  }

  /** Whether another attempt may already run. */
  get isLost(): boolean {
    return this.lost;
  }

  askCheckpoint(): void {
    this.runs.askCheckpoint(this.claim.assignment, false);
  }

  obey(wish: StopWish): void {
    if (wish === 'kill') this.kill('killed');
    else this.yield();
  }

  /** Runs the task in the slot, to its end or to its trainer's. */
  async run(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    return this.runs.run(assignment, onReport, onLine).finally(() => this.detach());
  }

  /**
   * The trainer is done with this attempt, whose end is yet to be recorded. From now on nothing that becomes of the attempt
   * may reach the trainer: it may run the slot's next task by then. A heartbeat under way, for one, finds the lease of a task
   * gone that has just succeeded.
   */
  detach(): void {
    this.trainerDone = true;
    clearTimeout(this.patience);
  }

  /** Asks the trainer to write a checkpoint and end the task. Kills it if it does not do so in time. */
  yield(): void {
    if (this.cause !== null || this.trainerDone) return;
    this.cause = 'yielded';
    this.runs.askCheckpoint(this.claim.assignment, true);
    this.patience = setTimeout(() => void this.runs.kill(REASONS.yielded), YIELD_MS);
  }

  kill(cause: Ending): void {
    if (this.trainerDone) return;
    this.cause ??= cause;
    void this.runs.kill(REASONS[cause]);
  }

  lose(): void {
    this.lost = true;
    this.kill('lost');
  }
}
