import { EvaluatorChild } from '../children/evaluator-child.js';
import { moduleFile, nodeCommand } from '../children/node-command.js';
import { tiedToParent } from '../children/trainer-command.js';
import { type PredictionServerOptions, predictorBounds, predictorEnvironment } from '../predictions/serve.js';

/** Images that one process answers may take long, but not for ever: it is started anew for each evaluation. */
const CPU_SECONDS = 86_400;

/** A process runs networks on images, or unpacks pictures that somebody has sent. */
export type PartSkill = 'evaluate' | 'unpack';

const MODULES: Readonly<Record<PartSkill, string>> = {
  evaluate: 'predictor/evaluation/main.ts',
  unpack: 'datasets/pictures/main.ts',
};

/** Starts evaluators with the memory of a predictor. Null where this worker serves no predictions. */
export function evaluatorStart(
  options: PredictionServerOptions,
): ((skill: PartSkill) => EvaluatorChild) | null {
  if (options.predictorMb === 0) return null;
  const env = predictorEnvironment(process.env, options);
  const bounds = { ...predictorBounds(options), cpuSeconds: CPU_SECONDS };
  return (skill) => new EvaluatorChild(tiedToParent(nodeCommand(moduleFile(MODULES[skill]))), env, bounds);
}
