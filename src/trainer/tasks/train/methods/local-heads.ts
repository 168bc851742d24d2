import type { LocalGradientOptions } from '../../../evaluation/index.js';
import { type Draw, type NamedTensors, trainPass } from '../../../passes/index.js';
import type { Tensor } from '../../../runtime/index.js';
import { classificationObjective, headObjective } from '../../../training/index.js';
import { type InnerObjective, trainStage } from '../stage.js';
import type { MethodTrainer } from './method-trainer.js';

/** `local-heads`: each stage before the last one learns from the labels through its own head. */
export const localHeads: MethodTrainer = {
  train: (context) => trainStage(context, ownHead),
  gradients: headGradients,
};

const ownHead: InnerObjective = async ({ assignment: { spec } }, _run, { index, head }) => {
  if (!head) throw new Error(`stage ${index} has no head`);
  return headObjective(head, spec.label_smoothing);
};

/** From stage 0 on, each stage with the true features of the stage before it. Copies have the weights of their originals here. */
function headGradients(options: LocalGradientOptions, weights: NamedTensors, draw: Draw): NamedTensors {
  const { at, stages, labelSmoothing } = options;
  const gradients = new Map<string, Tensor>();
  const context = { weights, gradients, draw };
  let input = at.batch.images;
  const pulls = stages.map(({ layers, head }) => {
    const pass = trainPass(layers, input, context, false);
    input = pass.output;
    const objective = head ? headObjective(head, labelSmoothing) : classificationObjective(labelSmoothing);
    const local = objective(pass.output, at, context);
    local.dispose();
    return () => pass.pullback(local.cotangent);
  });
  // At the end, because a pullback frees the features that the next stage reads, and replaces the gradients of its copies.
  for (const pull of pulls.toReversed()) pull();
  return gradients;
}
