import { setTimeout as delay } from 'node:timers/promises';
import type { Slot } from '../slots/slot.js';

/** Maximum time that a task waits for slots that are looking for one themselves. */
const LOOK_MS = 500;

export interface HelpersOptions {
  /** Reserves idle slots of this worker, at most `max`, that can run what `slot` runs. */
  readonly reserveBeside: (slot: Slot, max: number) => Slot[];
  /** Makes an idle slot of this worker look for a task. */
  readonly wakeSlot: () => void;
}

/** Gathers slots that help another one with a task, and gives them back. */
export class Helpers {
  /** Claims under way. */
  readonly #looks = new Set<Promise<void>>();

  constructor(private readonly options: HelpersOptions) {}

  /** Passes a claim on. A slot that waits for one is free in a moment, if there is nothing for it. */
  look<T>(claim: Promise<T>): Promise<T> {
    const ended = claim.then(
      () => undefined,
      () => undefined,
    );
    this.#looks.add(ended);
    return claim.finally(() => this.#looks.delete(ended));
  }

  /** Brings `helpers` to as many slots beside `slot` as are wanted, or as there are free ones. */
  async gather(slot: Slot, helpers: Slot[], wanted: number): Promise<void> {
    this.giveBack(helpers.splice(Math.max(0, wanted)));
    if (helpers.length >= wanted) return;
    await Promise.race([Promise.all(this.#looks), delay(LOOK_MS, undefined, { ref: false })]);
    await new Promise((resolve) => setImmediate(resolve));
    helpers.push(...this.options.reserveBeside(slot, wanted - helpers.length));
  }

  /** Releases slots, which then look for tasks of their own. */
  giveBack(helpers: Slot[]): void {
    for (const slot of helpers.splice(0)) {
      slot.release();
      this.options.wakeSlot();
    }
  }
}
