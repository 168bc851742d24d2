import type { TaskSuccess } from '../../../../contract/trainer-protocol.js';
import type { LocalGradients } from '../../../evaluation/index.js';
import type { TaskContext } from '../../context.js';

/** The implementation of a method in the layer-parallel phase. Its rules: src/method/rules.ts. */
export interface MethodTrainer {
  /** Trains the stage of a task for one round, or all stages if the method trains them jointly. */
  train(context: TaskContext): Promise<TaskSuccess>;
  /** For `fidelity`; null if no loss of a stage can be formed in the composed network. */
  readonly gradients: LocalGradients | null;
}
