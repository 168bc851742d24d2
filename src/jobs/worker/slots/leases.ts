import { startLoop } from '../../process/loop.js';
import type { Fence, StopWish } from '../../store/tasks.js';

/** What to do with a running attempt. */
export interface Held {
  readonly fence: Fence;
  /** Its job wants it to end; said at every heartbeat until it has. */
  onWish(wish: StopWish): void;
  /** It is not ours any more: another attempt may already run. */
  onLost(): void;
}

export interface Leases {
  /** Keeps an attempt's lease until the returned function is called. */
  hold(held: Held): () => void;
  /** Beats now: something may have to stop. */
  nudge(): void;
  stop(): Promise<void>;
}

export interface LeaseOptions {
  renew(fences: readonly Fence[]): Promise<readonly (Fence & { readonly wish: StopWish | null })[]>;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  onError(error: unknown): void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

const keyOf = ({ taskId, attempt }: Fence): string => `${taskId}/${attempt}`;

/** The worker's heartbeat. Attempts that cannot be renewed in time are given up before anybody else takes them. */
export function startLeases(options: LeaseOptions): Leases {
  const held = new Map<string, Held & { renewedAt: number }>();

  const beat = async (): Promise<void> => {
    const sentAt = options.now();
    const asked = [...held.entries()];
    const renewed = await options.renew(asked.map(([, { fence }]) => fence));
    const answers = new Map(renewed.map((answer) => [keyOf(answer), answer]));
    for (const [key, entry] of asked) {
      // Released while the answer was on its way.
      if (held.get(key) !== entry) continue;
      const answer = answers.get(key);
      entry.renewedAt = sentAt;
      if (!answer) entry.onLost();
      else if (answer.wish) entry.onWish(answer.wish);
    }
  };
  const loop = startLoop(beat, options.heartbeatMs, options.onError);
  // Apart from the beat, which may hang on a database that does not answer.
  const overdue = setInterval(() => {
    const since = options.now() - options.leaseMs;
    for (const entry of held.values()) if (entry.renewedAt < since) entry.onLost();
  }, options.heartbeatMs);

  return {
    hold(entry) {
      const key = keyOf(entry.fence);
      held.set(key, { ...entry, renewedAt: options.now() });
      return () => void held.delete(key);
    },
    nudge: loop.nudge,
    async stop() {
      clearInterval(overdue);
      await loop.stop();
    },
  };
}
