import { type Link, requestSeconds, type TrainingCost } from './link.js';

/** Training of stages whose messages wait for the next round. */
export interface TrainingInRounds {
  readonly steps: number;
  readonly roundSteps: number;
  /** Seconds of a step, a stage each. */
  readonly stageSeconds: readonly number[];
  /** Bytes of a batch's messages, a stage each. */
  readonly sentBytes: readonly number[];
  /** Devices that share the steps of each stage. */
  readonly replicas: number;
  /** Bytes of the state of a stage, a stage each, which replicas store and read once a round. */
  readonly stateBytes: readonly number[];
}

/**
 * A wavefront: R rounds take R + K-1 turns, each as long as the slowest stage with its messages, which are stored and
 * read once a round. Sending is not overlapped with computing here. Replicas share the steps of a round; then each stores its
 * state and reads those of all.
 */
export function costInRounds(
  { steps, roundSteps, stageSeconds, sentBytes, replicas, stateBytes }: TrainingInRounds,
  link: Link,
): TrainingCost {
  if (steps === 0) return { seconds: 0, bytes: 0 };
  const rounds = Math.ceil(steps / roundSteps);
  const turns = rounds + stageSeconds.length - 1;
  const slowest = Math.max(
    ...stageSeconds.map((seconds, stage) => seconds + (sentBytes[stage] ?? 0) / link.bytesPerSecond),
  );
  const largest = replicas > 1 ? Math.max(...stateBytes) : 0;
  const exchange = requestSeconds(link, largest) + requestSeconds(link, replicas * largest);
  const perRound = (steps / rounds / replicas) * slowest + exchange;
  const exchanged = replicas > 1 ? rounds * replicas * (1 + replicas) * sum(stateBytes) : 0;
  return { seconds: turns * perRound, bytes: steps * sum(sentBytes) + exchanged };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
