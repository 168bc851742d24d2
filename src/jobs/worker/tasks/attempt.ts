import type { Claim } from '../../lifecycle/claim.js';
import { YIELD_MS } from '../../process/limits.js';
import type { StopWish } from '../../store/leases.js';
import type { Slot } from '../slots/slot.js';

/** Why the worker itself ended an attempt. `yielded` goes back unharmed, from its last checkpoint. */
export type Ending = 'killed' | 'yielded' | 'lost' | 'stalled';

/** A claimed task in a slot, and the ways to end it. Its trainer's word, or end, is what moves it on. */
export class Attempt {
  private cause: Ending | null = null;
  private lost = false;
  private patience: NodeJS.Timeout | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt = performance.now();

  constructor(
    readonly claim: Claim,
    readonly slot: Slot,
  ) {}

  get ending(): Ending | null {
    return this.cause;
  }

  /** Another attempt may already run. */
  get isLost(): boolean {
    return this.lost;
  }

  askCheckpoint(): void {
    this.slot.askCheckpoint(this.claim.assignment, false);
  }

  obey(wish: StopWish): void {
    if (wish === 'kill') this.kill('killed');
    else this.yield();
  }

  /** Asks the trainer to make a checkpoint and end the task; one that does not heed it in time is killed. */
  yield(): void {
    if (this.cause !== null) return;
    this.cause = 'yielded';
    this.slot.askCheckpoint(this.claim.assignment, true);
    this.patience = setTimeout(() => void this.slot.kill(), YIELD_MS);
  }

  kill(cause: Ending): void {
    this.cause ??= cause;
    void this.slot.kill();
  }

  lose(): void {
    this.lost = true;
    this.kill('lost');
  }

  /** It has ended. */
  close(): void {
    clearTimeout(this.patience);
  }
}
