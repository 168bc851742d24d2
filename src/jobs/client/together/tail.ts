import { readTogether } from './read-together.js';

/** A list of a job that only grows at its end. */
export interface Source<T extends { readonly seq: number }> {
  /** The seq of the newest row, and whether the list has ended. @throws StrataError not_found */
  readState(): Promise<{ readonly newest: number; readonly ended: boolean }>;
  /** Rows with a greater seq, in order, at most `BATCH`. */
  rows(after: number): Promise<readonly T[]>;
}

export const BATCH = 500;
/** Number of rows kept for readers that are nearly up to date. */
const KEPT = 1_000;

/**
 * The end of a growing list, shared by all its readers: new rows are read once, however many readers wait.
 *
 * State: `#rows` holds the rows after `#base`, which is a seq. Every nudge raises `#version`. `#seen` is the
 * version before the last read began, so the rows are up to date only while `#seen` equals `#version`.
 *
 * A reader whose seq is below `#base` reads the missing rows itself; such readers at the same seq share a read.
 */
export class Tail<T extends { readonly seq: number }> {
  /** Rows after `#base`; complete as of version `#seen`. */
  #rows: T[] = [];
  #base: number | null = null;
  #seen = -1;
  #ended = false;
  /** Raised by every nudge. Rows read before a nudge may be incomplete. */
  #version = 0;
  readonly #waiting = new Set<() => void>();
  readonly #grow: (_: readonly never[]) => Promise<void>;
  readonly #missed: (seqs: readonly number[]) => Promise<ReadonlyMap<number, readonly T[]>>;

  constructor(source: Source<T>) {
    this.#grow = readTogether(async () => {
      const version = this.#version;
      // Read before the rows: if the list has ended, its last rows are then included.
      const { newest, ended } = await source.readState();
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

  /** Signals that new rows may exist. */
  nudge(): void {
    this.#version += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Yields every row with a greater seq, then each new one, until the list ends or `signal` aborts. */
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
      // A filtered reader may get no rows up to `goal`; it continues after `goal`.
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
    const dropped = this.#rows.splice(0, surplus);
    this.#base = dropped.at(-1)?.seq ?? this.#base;
  }

  /** Resolves on abort, too. */
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
