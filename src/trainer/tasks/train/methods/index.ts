import type { MethodType, StagedMethod } from '../../../../method/index.js';
import { coupled } from './coupled.js';
import { lastStage } from './last-stage.js';
import { localHeads } from './local-heads.js';
import { messageRounds } from './message-rounds.js';
import type { MethodTrainer } from './method-trainer.js';
import { pipeline } from './pipeline.js';
import { stored } from './stored.js';

/** The implementation of every method of the contract. */
export const METHOD_TRAINERS: Readonly<Record<MethodType, MethodTrainer>> = {
  backprop: lastStage,
  penalty: coupled,
  'augmented-lagrangian': coupled,
  'local-heads': localHeads,
  pipeline,
  frozen: lastStage,
  stored,
  rounds: messageRounds,
};

/** A single stage has no neighbors: in every method it trains by back-propagation. */
export function trainerOf({ type, stages }: StagedMethod): MethodTrainer {
  return stages === 1 ? lastStage : METHOD_TRAINERS[type];
}
