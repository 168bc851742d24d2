import { type Link, requestSeconds, type TrainingCost } from './link.js';

/** Training of the whole network on each of some devices. */
export interface JoinedTraining {
  readonly steps: number;
  readonly stepSeconds: number;
  readonly roundSteps: number;
  readonly replicas: number;
  /** Weights and the optimizer's vectors. */
  readonly stateBytes: number;
  /** The arrays that one replica stores beside its state for a step between rounds, and all read. */
  readonly outerBytes: number;
}

/**
 * Back-propagation on one device, or local SGD on several: the replicas share the steps of a round; then each stores
 * its state and reads those of all.
 */
export function joinedCost(
  { steps, stepSeconds, roundSteps, replicas, stateBytes, outerBytes }: JoinedTraining,
  link: Link,
): TrainingCost {
  if (replicas === 1) return { seconds: steps * stepSeconds, bytes: 0 };
  const rounds = Math.ceil(steps / roundSteps);
  const read = replicas * stateBytes + outerBytes;
  const exchange = requestSeconds(link, stateBytes + outerBytes) + requestSeconds(link, read);
  return {
    seconds: (steps / replicas) * stepSeconds + rounds * exchange,
    bytes: rounds * (1 + replicas) * read,
  };
}
