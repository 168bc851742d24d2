import type { ResolvedSpec } from '../../../contract/spec.js';
import { accumulatedParts, passMemory } from '../../../method/index.js';
import { parametersOf } from '../../../network/index.js';
import {
  Optimizer,
  type OptimizerSettings,
  type ReadableState,
  settingsOfJob,
} from '../../optimizer/index.js';
import type { Tensor } from '../../runtime/index.js';
import { type LocalObjective, partStep, type TrainedPart } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { layersToRun, readsFeatures } from '../inputs/frozen-features.js';
import type { Owned } from '../owned.js';
import { type Round, type Trainee, trainRound } from './round.js';
import type { Spool } from './spools.js';

export interface TrainPartOptions extends Omit<Round, 'stage' | 'begin' | 'readsImages' | 'readsFeatures'> {
  readonly part: TrainedPart;
  readonly inputAt?: ((pass: number) => Tensor) | null;
  readonly objective: LocalObjective;
  /** Whether the objective reads the images, too. */
  readonly comparesImages: boolean;
  /** Takes the input gradient or the output of every pass; null where neither is sent. */
  readonly spool: Spool | null;
}

/**
 * Trains a part over its steps from `state`, or from its checkpoint. @param end takes the state that it ends in, while the device
 * has it
 */
export function trainPart<T>(
  context: TaskContext,
  options: TrainPartOptions,
  end: (state: ReadableState) => Promise<T>,
): Promise<T> {
  const begin: Round['begin'] = (state, owned) => begun(context, options, state, owned);
  const stored = readsFeatures(context);
  const round = {
    ...options,
    stage: options.part.stage,
    readsImages: !stored || options.comparesImages,
    readsFeatures: stored,
    begin,
  };
  return trainRound(context, round, end);
}

function begun(context: TaskContext, options: TrainPartOptions, state: ReadableState, owned: Owned): Trainee {
  const { spec } = context.assignment;
  const { part, spool, parameters } = options;
  const optimizer = new Optimizer(parameters, state, partSettings(spec, part.auxiliary));
  owned.add(optimizer, () => optimizer.dispose());
  const write = (tensor: Tensor) => spool?.writer.write(tensor);
  const trained = partStep({
    ...options,
    part: { ...part, layers: layersToRun(context, part.layers) },
    optimizer,
    onInputGradient: spool?.name === 'corrections' ? write : null,
    onStageOutput: spool?.name === 'features' ? write : null,
    seed: spec.seed,
    precision: spec.precision,
    memory: passMemory(spec.method),
    parts: accumulatedParts(spec.optimizer),
  });
  return {
    trained,
    state: () => optimizer.readableState(),
    keepFiles: async () => ({ spool: spool && (await spool.writer.keep()) }),
  };
}

/** AuxNets may have a learning rate of their own, under the stages' schedule. */
export function partSettings(spec: ResolvedSpec, auxiliary: TrainedPart['auxiliary']): OptimizerSettings {
  const settings = settingsOfJob(spec);
  const rate = spec.method.auxiliary.learning_rate;
  if (rate === null || auxiliary === null) return settings;
  const names = new Set(parametersOf(auxiliary).map(({ name }) => name));
  const factor = rate / spec.optimizer.learning_rate;
  return {
    ...settings,
    rateFactorOf: (parameter) =>
      names.has(parameter.name) ? factor : (settings.rateFactorOf?.(parameter) ?? 1),
  };
}
