import type { DatasetFacts, ResolvedSpec } from '../../src/contract/spec.js';
import { makePlan, type PlanOptions } from '../../src/planning/forecast/forecast.js';
import { resolved, type SpecChanges } from '../../test/jobs/support/specs.js';
import { WHOLE_MNIST } from '../../test/trainer/support/small-mnist.js';

/** The data set of all trials, in color. */
export const COLORED: DatasetFacts = { ...WHOLE_MNIST, image: { height: 32, width: 32, channels: 3 } };
const SMALL: SpecChanges = { batch_size: 64, exports: [], precision: 'float32' };
const RESNET: SpecChanges = { ...SMALL, model: { family: 'resnet', depth: 20, width: 16 } };

/** A stage of a job. */
export interface Trial {
  readonly name: string;
  readonly changes: SpecChanges;
  readonly stage: number;
  /** Whether its plan and its time are compared with those of the first trial of the same network. */
  readonly group: string;
}

type Method = NonNullable<SpecChanges['method']>;
type Optimizer = NonNullable<SpecChanges['optimizer']>;

const alone = (name: string, more: SpecChanges): Trial => ({
  ...{ name, group: 'ResNet-20, K=1', stage: 0 },
  changes: { ...RESNET, ...more, method: { type: 'backprop', stages: 1, ...more.method } },
});
const byRule = (name: string, optimizer: Optimizer) => alone(name, { optimizer });
const kept = (name: string, method: Method) => alone(name, { method });
/** The second of three stages, which has neighbors on both sides. */
const between = (name: string, method: Method): Trial => ({
  ...{ name, group: 'ResNet-20, stage 1 of 3', stage: 1 },
  changes: { ...RESNET, method: { stages: 3, ...method } },
});
const integrated = (name: string, model: SpecChanges['model']): Trial => ({
  ...{ name, group: 'ode-resnet', stage: 0 },
  changes: {
    ...SMALL,
    model: { family: 'ode-resnet', depth: 12, width: 16, ...model },
    method: { type: 'backprop', stages: 1 },
  },
});

/** Every technique whose steps one process can make. The first of a group is what the others are compared with. */
export const TRIALS: readonly Trial[] = [
  byRule('sgd', { type: 'sgd' }),
  byRule('gradient_accumulation_steps: 4', { type: 'sgd', gradient_accumulation_steps: 4 }),
  byRule('kfac', { type: 'kfac' }),
  byRule('lars', { type: 'lars' }),
  byRule('lamb', { type: 'lamb' }),
  kept('memory: recompute', { memory: 'recompute' }),
  kept('memory: bfloat16', { memory: 'bfloat16' }),
  kept('memory: int8', { memory: 'int8' }),
  alone('precision: bfloat16', { precision: 'bfloat16' }),
  between('augmented-lagrangian', { type: 'augmented-lagrangian' }),
  between('coupling: bregman-relu', { type: 'augmented-lagrangian', coupling: 'bregman-relu' }),
  between('penalty', { type: 'penalty' }),
  between('local-heads', { type: 'local-heads' }),
  between('reach: 2', { type: 'local-heads', reach: 2 }),
  between('heads.decoder', { type: 'local-heads', heads: { decoder: true } }),
  integrated('euler, 8 steps', { solver: 'euler', steps: 8 }),
  integrated('midpoint, 4 steps', { solver: 'midpoint', steps: 4 }),
  integrated('rk4, 2 steps', { solver: 'rk4', steps: 2 }),
  integrated('implicit, exact', { solver: 'implicit-midpoint', steps: 1, gradient: 'exact' }),
  integrated('implicit, phantom', { solver: 'implicit-midpoint', steps: 1, gradient: 'phantom' }),
];

/** Precisions are as they are given: no device is asked whether it has them. */
export function specOf({ changes }: Pick<Trial, 'changes'>): ResolvedSpec {
  const precision = changes.precision === 'bfloat16' ? 'bfloat16' : 'float32';
  return { ...resolved({ ...changes, precision: 'float32' }), precision };
}

/** Memory and seconds of a step of the stage in the plan of its job, by estimated rates. @param known devices of this machine */
export function plannedOf(
  trial: Trial,
  known: NonNullable<PlanOptions['known']>,
): { readonly memoryBytes: number; readonly stepSeconds: number } {
  const options = {
    ...{ devices: 1, memoryBytes: null, bytesPerSecond: 1e9, roundTripSeconds: 0 },
    ...{ profile: null, measured: null, known },
  };
  const stage = makePlan(specOf(trial), COLORED, options).stages[trial.stage]!;
  return { memoryBytes: stage.memory_bytes, stepSeconds: stage.step_seconds };
}
