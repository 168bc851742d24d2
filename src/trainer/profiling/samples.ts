import type { PassSeconds } from '../../contract/network-profile.js';
import { median } from '../median.js';

/** Repeated measurements of parts, in seconds. */
export class Samples {
  readonly #seconds = new Map<string, number[]>();

  add(part: string, seconds: number): void {
    const known = this.#seconds.get(part);
    if (known) known.push(seconds);
    else this.#seconds.set(part, [seconds]);
  }

  addPass(part: string, { forward, backward }: PassSeconds): void {
    this.add(`${part}, forward`, forward);
    this.add(`${part}, backward`, backward);
  }

  /** @throws Error for a part that was never measured */
  median(part: string): number {
    const seconds = this.#seconds.get(part);
    if (!seconds) throw new Error(`${part} was not measured`);
    return median(seconds);
  }

  medianPass(part: string): PassSeconds {
    return { forward: this.median(`${part}, forward`), backward: this.median(`${part}, backward`) };
  }
}
