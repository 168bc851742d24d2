import { AssemblerChild } from '../children/assembler-child.js';
import { EvaluatorChild, type PartChild } from '../children/evaluator-child.js';
import { moduleFile, nodeCommand } from '../children/node-command.js';
import { tiedToParent } from '../children/trainer-command.js';
import { type PredictionServerOptions, predictorBounds, predictorEnvironment } from '../predictions/serve.js';
import { trainerEnvironment } from '../slots/trainer-environment.js';

/** Images that one process answers may take long, but not for ever: it is started anew for each evaluation. */
const CPU_SECONDS = 86_400;

/** A process runs networks on images, unpacks pictures that somebody has sent, or assembles networks of a checkpoint. */
export type PartSkill = 'evaluate' | 'unpack' | 'assemble';

const MODULES: Readonly<Record<Exclude<PartSkill, 'assemble'>, string>> = {
  evaluate: 'predictor/evaluation/main.ts',
  unpack: 'datasets/pictures/main.ts',
};

export interface PartProcessOptions extends PredictionServerOptions {
  /** The command of a trainer. */
  readonly trainer: readonly string[];
}

/**
 * Starts evaluators with the memory of a predictor, and trainers on the CPU: a GPU is left to the slots. Null where this worker
 * serves no predictions.
 */
export function evaluatorStart(options: PartProcessOptions): ((skill: PartSkill) => PartChild) | null {
  if (options.predictorMb === 0) return null;
  const env = predictorEnvironment(process.env, options);
  const bounds = { ...predictorBounds(options), cpuSeconds: CPU_SECONDS };
  return (skill) =>
    skill === 'assemble'
      ? new AssemblerChild(tiedToParent(options.trainer), onCpu(options))
      : new EvaluatorChild(tiedToParent(nodeCommand(moduleFile(MODULES[skill]))), env, bounds);
}

const onCpu = (options: PartProcessOptions): NodeJS.ProcessEnv => ({
  ...trainerEnvironment(process.env, options, { device: 'cpu', gpu: null, bfloat16: false }),
  CUDA_VISIBLE_DEVICES: '-1',
});
