import { trainStage } from '../stage.js';
import { coupledGradients } from './coupled.js';
import type { MethodTrainer } from './method-trainer.js';

/** `backprop`, whose only stage is the last one, and `frozen`: one stage trains, on the labels. */
export const lastStage: MethodTrainer = {
  train: (context) => trainStage(context, null),
  gradients: coupledGradients,
};
