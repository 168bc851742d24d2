import { arrivalSeconds, type Link, type TrainingCost } from './link.js';

/** Training of stages that pass features down and gradients up in every step. */
export interface PipelinedTraining {
  readonly steps: number;
  readonly roundSteps: number;
  /** Seconds of a step, a stage each. */
  readonly stageSeconds: readonly number[];
  /** Bytes of a batch's features between stage k and stage k+1. Their gradients have as many. */
  readonly boundaryBytes: readonly number[];
}

/** A round fills and drains the pipeline: S steps take S + K-1 turns. */
export function pipelinedCost(
  { steps, roundSteps, stageSeconds, boundaryBytes }: PipelinedTraining,
  link: Link,
): TrainingCost {
  const rounds = Math.ceil(steps / roundSteps);
  const turns = steps + rounds * (stageSeconds.length - 1);
  const sent = boundaryBytes.reduce((sum, bytes) => sum + bytes, 0);
  return { seconds: turns * turnSeconds(stageSeconds, boundaryBytes, link), bytes: 2 * steps * sent };
}

/**
 * Time between two batches. No stage is quicker than its own step, and no link than its messages. A batch goes from
 * stage k to the last one and back while K-k batches are under way, so a turn takes at least that time over K-k.
 */
export function turnSeconds(
  stageSeconds: readonly number[],
  boundaryBytes: readonly number[],
  link: Link,
): number {
  let loop = 0;
  const bounds = stageSeconds.map((_, index) => {
    const underWay = index + 1;
    const stage = stageSeconds.length - underWay;
    loop += stageSeconds[stage] ?? 0;
    const below = boundaryBytes[stage];
    if (below !== undefined) loop += 2 * arrivalSeconds(link, below);
    return loop / underWay;
  });
  const links = boundaryBytes.map((bytes) => bytes / link.bytesPerSecond);
  return Math.max(...stageSeconds, ...links, ...bounds);
}
