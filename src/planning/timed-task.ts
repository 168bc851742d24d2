import type { ResolvedMethod } from '../contract/spec.js';

/** A finished training task, with its times by part. */
export interface TimedTask {
  readonly stage: number | null;
  /** Optimizer steps of the whole network: the stage's share of its round. */
  readonly weight: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly device: string;
  readonly method: ResolvedMethod;
}

/** A successful training task of a job, of a stage or of the joined network. */
export interface TrainedTask {
  readonly kind: 'stage' | 'end_to_end';
  /** Null for the joined network, and for a round of all stages. */
  readonly stage: number | null;
  /** Its number among the devices that share a round of the joined network; null where one trains it. */
  readonly replica: number | null;
  /** Optimiser steps of the whole network: a stage's share of its round. */
  readonly weight: number;
  readonly attempt: number;
  readonly device: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Times by part, as measured by the trainer. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The same of each trainer, where several shared the task; null where one ran it. */
  readonly trainers: readonly Readonly<Record<string, number>>[] | null;
}
