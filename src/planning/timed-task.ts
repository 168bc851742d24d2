import type { ResolvedMethod } from '../contract/spec.js';

/** A task that trained, and what its parts took. */
export interface TimedTask {
  readonly stage: number | null;
  /** Optimiser steps of the whole network: a stage's share of its round. */
  readonly weight: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly device: string;
  readonly method: ResolvedMethod;
}

/** A task of a job that succeeded: of a stage, or of the joined network. */
export interface TrainedTask {
  /** Null for the joined network. */
  readonly stage: number | null;
  /** Optimiser steps of the whole network: a stage's share of its round. */
  readonly weight: number;
  readonly attempt: number;
  readonly device: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** By part, as its trainer timed them. */
  readonly seconds: Readonly<Record<string, number>>;
}
