import type { SpecChanges } from '../../test/jobs/support/specs.js';
import { accuracyTable, jobOf, type NamedRun, SETTING, trainAll } from './jobs.js';

type Model = NonNullable<SpecChanges['model']>;
type Method = NonNullable<SpecChanges['method']>;

const BACKPROP: Method = { type: 'backprop' };
/** One interval of time in each group, and four. */
const ONE = { family: 'ode-resnet', depth: 12 } as const;
const FOUR = { family: 'ode-resnet', depth: 30 } as const;
const EULER = { solver: 'euler', steps: 1 } as const;

/** Four evaluations of a field in each group, by weights of their own or by shared ones, and stages cut over time. */
const CONTENDERS = [
  { name: 'four intervals, euler, 1 step', model: { ...FOUR, ...EULER }, method: BACKPROP },
  { name: 'one interval, euler, 1 step', model: { ...ONE, ...EULER }, method: BACKPROP },
  { name: 'one interval, euler, 4 steps', model: { ...ONE, ...EULER, steps: 4 }, method: BACKPROP },
  {
    name: 'one interval, midpoint, 2 steps',
    model: { ...ONE, solver: 'midpoint', steps: 2 },
    method: BACKPROP,
  },
  { name: 'one interval, rk4, 1 step', model: { ...ONE, solver: 'rk4', steps: 1 }, method: BACKPROP },
  {
    name: 'one interval, implicit-midpoint, 1 step, exact',
    model: { ...ONE, solver: 'implicit-midpoint', steps: 1 },
    method: BACKPROP,
  },
  {
    name: 'one interval, implicit-midpoint, 1 step, phantom',
    model: { ...ONE, solver: 'implicit-midpoint', steps: 1, gradient: 'phantom' },
    method: BACKPROP,
  },
  {
    name: 'four intervals, euler, augmented-lagrangian, K=2',
    model: { ...FOUR, ...EULER },
    method: { stages: 2 },
  },
  {
    name: 'four intervals, euler, augmented-lagrangian, K=4',
    model: { ...FOUR, ...EULER },
    method: { stages: 4 },
  },
  {
    name: 'four intervals, euler, pipeline, K=4',
    model: { ...FOUR, ...EULER },
    method: { type: 'pipeline', stages: 4 },
  },
] as const satisfies readonly { readonly name: string; readonly model: Model; readonly method: Method }[];

export type FieldRun = NamedRun<(typeof CONTENDERS)[number]['name']>;

/** Networks of fields over time: what shared weights cost, and what stages over time do. */
export function runFields(seeds: readonly number[], say: (line: string) => void): Promise<FieldRun[]> {
  return trainAll(CONTENDERS, ({ model, method }, seed) => jobOf(model, method, seed), seeds, say);
}

export function fieldLines(runs: readonly FieldRun[]): string[] {
  return accuracyTable(`ode-resnet of width ${SETTING.width}`, CONTENDERS, runs);
}
