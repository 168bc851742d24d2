/** Jobs whose trainers ended without a report, one after another, before the slot is suspected. */
const SUSPICIOUS_JOBS = 3;
const FIRST_MS = 60_000;
const LONGEST_MS = 16 * FIRST_MS;

/**
 * Suspicion against the device or host of a slot. A trainer that ends without a report may be the fault of its task; if
 * that happens to several jobs in a row and to no job else, it is that of the slot. A slot in quarantine takes no tasks,
 * so that a broken host does not use up the attempts of every job. Afterwards one more failure brings the next
 * quarantine, twice as long; one success ends the suspicion.
 */
export class Quarantine {
  readonly #suspects = new Set<string>();
  #nextMs = FIRST_MS;
  #until: number | null = null;

  constructor(private readonly now: () => number) {}

  /** A task of this job has ended with a report of its trainer, whatever it says. */
  reported(): void {
    this.#suspects.clear();
    this.#nextMs = FIRST_MS;
  }

  /** A trainer has ended without a report. @returns milliseconds for which the slot takes no tasks; 0: it goes on */
  ended(jobId: string): number {
    this.#suspects.add(jobId);
    if (this.#suspects.size < SUSPICIOUS_JOBS) return 0;
    const ms = this.#nextMs;
    this.#nextMs = Math.min(LONGEST_MS, 2 * ms);
    this.#until = this.now() + ms;
    return ms;
  }

  /** Milliseconds until the slot takes tasks again; 0: it does. */
  get leftMs(): number {
    return Math.max(0, (this.#until ?? 0) - this.now());
  }
}
