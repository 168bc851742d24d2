import { factorSides, type ParameterSpec } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, valuesOf } from '../runtime/index.js';
import { normOnDevice, ratioOfNorms, ratioScalars } from './norm-ratio.js';
import { decayed, type SgdSettings, sgd } from './sgd.js';
import type { LayerUpdate, Memory, ParameterUpdate, UpdateRule } from './update-rule.js';

export interface KfacSettings extends SgdSettings {
  readonly damping: number;
  /** Share of their old value that running means of factors keep. */
  readonly factor_decay: number;
  /** Updates from one estimate of the factors to the next. */
  readonly factor_interval: number;
}

const SIDES = ['left', 'right'] as const;

/**
 * Kronecker-factored curvature (Martens and Grosse, arXiv:1503.05671; for convolutions arXiv:1602.01073): with A and G,
 * running means of the factors of a kernel W as a matrix [inputs, outputs],
 *   D = (A / a + sqrt(damping) I)^-1 (g + weightDecay W) (G / c + sqrt(damping) I)^-1,   a and c their mean eigenvalues
 *   v <- momentum v + D |g + weightDecay W| / |D|, and then as sgd, which is also the rule of other parameters.
 * The damping is relative to the mean eigenvalue of the block: losses of stages differ by orders of magnitude. D as
 * long as the gradient keeps the limit of learning_rate x penalty (docs/method.md, "Training settings").
 */
export function kfac(settings: KfacSettings): UpdateRule {
  const plain = sgd(settings);
  return {
    countsSteps: true,
    factorsDue: (updates) => isDue(updates, settings),
    memoryOf: (layer) => [...plain.memoryOf(layer), ...layer.flatMap(memoriesOfFactors)],
    apply: (layer) => {
      for (const parameter of layer.parameters) {
        if (factorSides(parameter.gradient) === null) {
          plain.apply({ ...layer, parameters: [parameter] });
          continue;
        }
        if (isDue(parameter.update - 1, settings)) renew(parameter, layer, settings);
        const gradient = preconditioned(parameter, layer);
        plain.apply({ ...layer, parameters: [{ ...parameter, gradient, weightDecay: 0 }] });
        free(gradient);
      }
    },
    ahead: plain.ahead,
  };
}

function memoriesOfFactors({ name, shape }: ParameterSpec): Memory[] {
  const sides = factorSides({ shape });
  if (sides === null) return [];
  return SIDES.flatMap((side) =>
    [side, inverseOf(side)].map((slot) => ({ slot, name, shape: [sides[side], sides[side]] })),
  );
}

const inverseOf = (side: (typeof SIDES)[number]): string => `${side}_inverse`;

/** Whether the update after so many begins an interval. The mean count of replicas need not be whole. */
function isDue(updates: number, { factor_interval: interval }: KfacSettings): boolean {
  return Math.floor(updates / interval) > Math.floor((updates - 1) / interval);
}

/** Moves the means of the factors, and inverts them. The first estimates stand alone (arXiv:1503.05671, section 5). */
function renew(
  { name, update }: ParameterUpdate,
  { memory, factorsOf, scalarOf }: LayerUpdate,
  { damping, factor_decay: decay, factor_interval: interval }: KfacSettings,
): void {
  const found = factorsOf(name);
  if (!found) throw new Error(`no factors of ${name} came with its gradient`);
  const count = Math.floor((update - 1) / interval) + 1;
  const keep = Math.min(1 - 1 / count, decay);
  const [kept, added] = [scalarOf(keep), scalarOf(1 - keep)];
  for (const side of SIDES) {
    const variable = memory(side, name);
    const mean = arena(() =>
      kernels.add(kernels.multiply(valuesOf(variable), kept), kernels.multiply(found[side], added)),
    );
    const inverse = kernels.dampedInverse(mean, Math.sqrt(damping));
    kernels.assign(variable, mean);
    kernels.assign(memory(inverseOf(side), name), inverse);
    free(mean, inverse);
  }
}

/** D |g + weightDecay W| / |D|. The caller owns it. */
function preconditioned(parameter: ParameterUpdate, { memory, scalarOf }: LayerUpdate): Tensor {
  const { name, gradient, weightDecay } = parameter;
  const decay = scalarOf(weightDecay);
  const scalars = ratioScalars(scalarOf);
  return arena(() => {
    const total = decayed(parameter, decay);
    const matrix = kernels.reshape(total, [-1, gradient.shape.at(-1) ?? 1]);
    const [left, right] = SIDES.map((side) => valuesOf(memory(inverseOf(side), name)));
    const direction = kernels.matMul(kernels.matMul(left!, matrix), right!);
    const ratio = ratioOfNorms(normOnDevice(total, scalars), normOnDevice(direction, scalars), scalars);
    return kernels.reshape(kernels.multiply(direction, ratio), gradient.shape);
  });
}
