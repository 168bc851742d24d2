import { LEASE_MS, leaseFor } from '../process/limits.js';
import { startLoop } from '../process/loop.js';
import type { Lease, RenewedLease, StopWish } from '../store/leases.js';

/** A claim in work, and what to do when something happens to it. */
export interface Held {
  readonly lease: Lease;
  /** The task's job wants it to end; said at every heartbeat until it has. */
  onWish?(wish: StopWish): void;
  /** The row is not ours any more: another attempt may already run, or the row was deleted. */
  onLost(): void;
}

export interface Leases {
  /** Keeps a claim's lease until the returned function is called. */
  hold(held: Held): () => void;
  /** Sends a heartbeat now, because an attempt may have to stop. */
  nudge(): void;
  stop(): Promise<void>;
}

export interface LeaseOptions {
  renew(leases: readonly Lease[], leaseMs: number): Promise<readonly RenewedLease[]>;
  readonly heartbeatMs: number;
  onError(error: unknown): void;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** The slowest of the last ones counts: for twelve seconds. */
const ROUND_TRIPS_KEPT = 8;

const keyOf = ({ table, id, attempt }: Lease): string => `${table}/${id}/${attempt}`;

/**
 * The heartbeat of a process: renews every claim that it holds. A claim that cannot be renewed in time is given up before
 * anybody else takes it. Where renewals take long, the next ones ask for longer leases: a slow disk is no dead worker.
 */
export function startLeases(options: LeaseOptions): Leases {
  const held = new Map<string, Held & { endsAt: number }>();
  const roundTrips: number[] = [];

  const beat = async (): Promise<void> => {
    const sentAt = options.now();
    const leaseMs = leaseFor(Math.max(0, ...roundTrips));
    const asked = [...held.entries()];
    const renewed = await options.renew(
      asked.map(([, { lease }]) => lease),
      leaseMs,
    );
    roundTrips.push(options.now() - sentAt);
    if (roundTrips.length > ROUND_TRIPS_KEPT) roundTrips.shift();
    const answers = new Map(renewed.map((answer) => [keyOf(answer), answer]));
    for (const [key, entry] of asked) {
      // The attempt was released during the request.
      if (held.get(key) !== entry) continue;
      const answer = answers.get(key);
      // Counted from before the question: Postgres counts from when it came.
      if (answer?.renewed) entry.endsAt = sentAt + leaseMs;
      if (!answer) entry.onLost();
      else if (answer.wish) entry.onWish?.(answer.wish);
    }
  };
  const loop = startLoop(beat, options.heartbeatMs, options.onError);
  // Separate from the heartbeat, which may hang if the database does not respond.
  const overdue = setInterval(() => {
    const now = options.now();
    for (const entry of held.values()) if (entry.endsAt < now) entry.onLost();
  }, options.heartbeatMs);

  return {
    hold(entry) {
      const key = keyOf(entry.lease);
      held.set(key, { ...entry, endsAt: options.now() + LEASE_MS });
      return () => void held.delete(key);
    },
    nudge: loop.nudge,
    async stop() {
      clearInterval(overdue);
      await loop.stop();
    },
  };
}
