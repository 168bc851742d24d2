const WINDOW_MS = 60 * 60_000;

interface Span {
  readonly start: number;
  end: number | null;
}

/** Time that a slot has worked, over the last hour. Times are milliseconds of one monotonic clock. */
export class BusyTime {
  #spans: Span[] = [];

  /** @param since start of the slot */
  constructor(private readonly since: number) {}

  begin(now: number): void {
    this.end(now);
    this.#spans.push({ start: now, end: null });
  }

  end(now: number): void {
    const last = this.#spans.at(-1);
    if (last) last.end ??= now;
    this.#spans = this.#spans.filter(({ end }) => end === null || end > now - WINDOW_MS);
  }

  /** Share of the last hour at work, 0 to 1; of the time since its start, if that is shorter. */
  share(now: number): number {
    const from = Math.max(this.since, now - WINDOW_MS);
    if (now <= from) return 0;
    const busy = this.#spans.reduce(
      (sum, { start, end }) => sum + Math.max(0, (end ?? now) - Math.max(start, from)),
      0,
    );
    return busy / (now - from);
  }
}
