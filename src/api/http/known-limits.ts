/** Maximum number of remembered keys and addresses. Beyond it, all are forgotten. */
const MAX_KEPT = 10_000;

/** Limits that were reached, known without a look anywhere: a flood of requests must not reach the database. */
export interface KnownLimits {
  /** The key, or the address of a caller, is over its limit for so long. */
  note(who: string, forMs: number): void;
  /** Milliseconds until the limit is over; 0 if none is known. */
  remainingMs(who: string): number;
}

export function rememberLimits(nowMs: () => number): KnownLimits {
  const until = new Map<string, number>();
  return {
    note(who, forMs) {
      if (until.size >= MAX_KEPT) until.clear();
      until.set(who, nowMs() + forMs);
    },
    remainingMs(who) {
      const left = (until.get(who) ?? 0) - nowMs();
      if (left <= 0) until.delete(who);
      return Math.max(0, left);
    },
  };
}

/** Keys that were valid here. They are looked up also for an address from which too many wrong keys came. */
export interface ProvenKeys {
  add(token: string): void;
  has(token: string): boolean;
}

export function rememberKeys(): ProvenKeys {
  const known = new Set<string>();
  return {
    add(token) {
      if (known.size >= MAX_KEPT) known.clear();
      known.add(token);
    },
    has: (token) => known.has(token),
  };
}
