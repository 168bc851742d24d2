import {
  describeNetwork,
  type GradientName,
  type ModelSize,
  parametersOf,
  type SolverName,
  wholeNetwork,
} from '../../src/network/index.js';
import { normal, randomStream } from '../../src/trainer/random.js';

/** A network and a batch of random images; torch_step.py repeats these numbers under the same names. */
export interface Workload {
  readonly model: ModelSize;
  readonly batch: number;
  /** Side length of the square images. */
  readonly side: number;
}

export const WORKLOADS = {
  'resnet-20': { model: { family: 'resnet', depth: 20, width: 16 }, batch: 128, side: 32 },
  'wrn-16-4': { model: { family: 'wide-resnet', depth: 16, width: 4 }, batch: 64, side: 32 },
  'resnet-18': { model: { family: 'imagenet-resnet', depth: 18, width: 64 }, batch: 32, side: 64 },
} as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof WORKLOADS;

const odeResNet = (
  depth: number,
  solver: SolverName,
  steps: number,
  gradient: GradientName = 'exact',
): Workload => ({
  model: { family: 'ode-resnet', depth, width: 16, solver, steps, gradient },
  batch: 64,
  side: 32,
});

/** Eight evaluations of a field in each group: with weights of their own, and with shared ones by each solver. */
export const INTEGRALS: Readonly<Record<string, Workload>> = {
  'eight blocks': odeResNet(54, 'euler', 1),
  'euler, 8 steps': odeResNet(12, 'euler', 8),
  'midpoint, 4 steps': odeResNet(12, 'midpoint', 4),
  'rk4, 2 steps': odeResNet(12, 'rk4', 2),
  'implicit, exact': odeResNet(12, 'implicit-midpoint', 1),
  'implicit, phantom': odeResNet(12, 'implicit-midpoint', 1, 'phantom'),
};

/** The variable by which a contender is told its workload. */
export const WORKLOAD_VARIABLE = 'BENCH_WORKLOAD';
/** The variable by which it is told what to compute in; stock tfjs layers know float32 only. */
export const PRECISION_VARIABLE = 'BENCH_PRECISION';
export type BenchPrecision = 'float32' | 'bfloat16';

export const givenPrecision = (): BenchPrecision =>
  process.env[PRECISION_VARIABLE] === 'bfloat16' ? 'bfloat16' : 'float32';

export const CLASSES = 10;
export const LEARNING_RATE = 0.1;
export const MOMENTUM = 0.9;

/** The workload of this process. @throws Error if it has none */
export function givenWorkload() {
  const name = process.env[WORKLOAD_VARIABLE] ?? '';
  const workloads: Readonly<Record<string, Workload>> = { ...WORKLOADS, ...INTEGRALS };
  const workload = workloads[name];
  if (!workload) throw new Error(`${WORKLOAD_VARIABLE} is ${name}: no workload`);
  const { model, batch, side } = workload;
  const image = { height: side, width: side, channels: 3 };
  const layers = wholeNetwork(describeNetwork(model, image, CLASSES));
  return { image, batch, layers, parameters: parametersOf(layers), shape: [batch, side, side, 3] };
}

/** Images of any shape, standard normal. */
export function randomImages(shape: readonly number[]): Float32Array {
  const random = randomStream(1, 'images');
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => normal(random));
}

/** [batch], 0..9 */
export function labels(batch: number): Int32Array {
  return Int32Array.from({ length: batch }, (_, index) => index % CLASSES);
}
