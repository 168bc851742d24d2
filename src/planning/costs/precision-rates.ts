import type { ResolvedSpec } from '../../contract/spec.js';
import type { WorkerDevice } from '../../contract/workers.js';
import { multiplyAdds, work } from '../../network/cost.js';
import type { Layer } from '../../network/layers.js';
import { type CostRates, ESTIMATED_RATES } from './cost-rates.js';

/**
 * Time of a multiply-add in bfloat16, as a multiple of one in float32, by what computes it. All are measured
 * (docs/performance.md, "bfloat16").
 */
const MULTIPLY_ADDS = {
  /** AMX of a CPU; GPUs, which were not measured, are taken for the same. */
  matrix: 0.28,
  /** AVX512_BF16 of AMD, whose instruction has two multiply-adds for each of float32. */
  vector: 0.55,
  /** AVX512_BF16 of Intel, whose instruction has half the speed of float32. */
  halfSpeed: 1.75,
};

/** The same of all that moves values. They have half the bytes, but kernels compute on them in float32. */
const VALUES = 0.8;

/** Fields of a device that a plan reads. */
export type KnownDevice = Pick<WorkerDevice, 'name' | 'bfloat16' | 'prefers_bfloat16'>;

/**
 * Rates without measurements. Those of bfloat16 passes have one factor for all layers of a network, by their multiply-adds and by
 * the rest of their work; couplings, messages and updates are float32 in every precision.
 * @param devices of the workers: the slowest in bfloat16 counts. Where none has it, one with twice the multiply-adds is assumed
 */
export function estimatedRates(
  precision: ResolvedSpec['precision'],
  layers: readonly Layer[],
  devices: readonly KnownDevice[],
): CostRates {
  if (precision !== 'bfloat16') return ESTIMATED_RATES;
  const share = multiplyAdds(layers) / work(layers);
  const factor = slowest(devices) * share + VALUES * (1 - share);
  const { forward, backward } = ESTIMATED_RATES;
  return { ...ESTIMATED_RATES, forward: factor * forward, backward: factor * backward };
}

function slowest(devices: readonly KnownDevice[]): number {
  const able = devices.filter((device) => device.bfloat16);
  return able.length > 0 ? Math.max(...able.map(timeOn)) : MULTIPLY_ADDS.vector;
}

function timeOn({ name, prefers_bfloat16: prefers }: KnownDevice): number {
  if (prefers) return MULTIPLY_ADDS.matrix;
  return name.startsWith('AMD') ? MULTIPLY_ADDS.vector : MULTIPLY_ADDS.halfSpeed;
}
