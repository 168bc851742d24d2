import { type Link, requestSeconds, type TrainingCost } from './link.js';

/** Training of stages whose messages wait for the next round. */
export interface TrainingInRounds {
  readonly steps: number;
  readonly roundSteps: number;
  /** Seconds of a step, a stage each. */
  readonly stageSeconds: readonly number[];
  /** Bytes of a batch's messages, a stage each. */
  readonly sentBytes: readonly number[];
}

/**
 * A wavefront: R rounds take R + K-1 turns, each as long as the slowest stage with its messages, which are stored and
 * read once a round. Sending is not overlapped with computing here.
 */
export function costInRounds(
  { steps, roundSteps, stageSeconds, sentBytes }: TrainingInRounds,
  link: Link,
): TrainingCost {
  if (steps === 0) return { seconds: 0, bytes: 0 };
  const rounds = Math.ceil(steps / roundSteps);
  const turns = rounds + stageSeconds.length - 1;
  const slowest = Math.max(
    ...stageSeconds.map((seconds, stage) => seconds + (sentBytes[stage] ?? 0) / link.bytesPerSecond),
  );
  const perRound = (steps / rounds) * slowest + 2 * requestSeconds(link, 0);
  return { seconds: turns * perRound, bytes: steps * sentBytes.reduce((sum, bytes) => sum + bytes, 0) };
}
