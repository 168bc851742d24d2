import { readTogether } from './read-together.js';

/** A job's list that grows at its end. */
export interface Source<T extends { readonly seq: number }> {
  /** How far it goes, and whether nothing follows. @throws StrataError not_found */
  standing(): Promise<{ readonly newest: number; readonly ended: boolean }>;
  /** Rows with a greater seq, in order: the first `BATCH` of them. */
  rows(after: number): Promise<readonly T[]>;
}

export const BATCH = 500;
/** Rows kept for readers that are nearly up to date. */
const KEPT = 1_000;

/**
 * The end of a list, followed by any number of readers: what is new is read once, however many wait for it. A reader that is
 * further behind reads what it missed by itself, those at the same place together.
 */
export class Tail<T extends { readonly seq: number }> {
  /** Rows after `#base`, all that were there at version `#seen`. */
  #rows: T[] = [];
  #base: number | null = null;
  #seen = -1;
  #ended = false;
  /** Raised by every nudge: what was read before may lack something. */
  #version = 0;
  readonly #waiting = new Set<() => void>();
  readonly #grow: (_: readonly never[]) => Promise<void>;
  readonly #missed: (seqs: readonly number[]) => Promise<ReadonlyMap<number, readonly T[]>>;

  constructor(source: Source<T>) {
    this.#grow = readTogether(async () => {
      const version = this.#version;
      // First: what the job ended with is then among the rows.
      const { newest, ended } = await source.standing();
      this.#base ??= newest;
      const rows = await source.rows(this.#rows.at(-1)?.seq ?? this.#base);
      this.#keep(rows);
      if (rows.length === BATCH) return;
      this.#seen = version;
      this.#ended = ended;
    });
    this.#missed = readTogether(async (seqs: readonly number[]) => {
      return new Map(await Promise.all(seqs.map(async (seq) => [seq, await source.rows(seq)] as const)));
    });
  }

  /** More may be there. */
  nudge(): void {
    this.#version += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Every row with a greater seq, and each new one as it comes, until the list ends or `signal` aborts. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<T> {
    let seq = after;
    while (!signal.aborted) {
      if (this.#seen !== this.#version) await this.#grow([]);
      const seen = this.#seen;
      const kept = this.#base === null || seq >= this.#base;
      const ended = this.#ended;
      const goal = this.#base ?? seq;
      const rows = kept ? this.#rows.filter((row) => row.seq > seq) : (await this.#missed([seq])).get(seq)!;
      yield* rows;
      // Of those that were missed none may be this reader's.
      seq = rows.at(-1)?.seq ?? Math.max(seq, goal);
      if (!kept || seen !== this.#version) continue;
      if (ended) return;
      await this.#nudged(signal);
    }
  }

  #keep(rows: readonly T[]): void {
    this.#rows.push(...rows);
    const surplus = this.#rows.length - KEPT;
    if (surplus <= 0) return;
    this.#base = this.#rows[surplus - 1]!.seq;
    this.#rows.splice(0, surplus);
  }

  /** Settles on abort too. */
  #nudged(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }
}
