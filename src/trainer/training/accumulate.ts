import type { Batch } from '../data/index.js';
import * as kernels from '../kernels/index.js';
import { free, scalar, type Tensor } from '../runtime/index.js';
import type { Measured, StepAt } from './report.js';

/** The gradients of a pass over a batch, or over a part of it. */
export interface PassResult {
  /** The caller owns them. */
  readonly gradients: Map<string, Tensor>;
  readonly measured: Measured;
}

/**
 * The gradients of a batch that comes in equal parts: the mean of theirs (docs/method.md, "Training settings"). Each part is
 * a batch of its own for everything in a pass, and the numbers of its passes are part of those of the step. One part is
 * the batch itself.
 */
export function inParts(at: StepAt, parts: number, pass: (at: StepAt) => PassResult): PassResult {
  if (parts === 1) return pass(at);
  const gradients = new Map<string, Tensor>();
  const measured: Measured[] = [];
  for (let part = 0; part < parts; part++) {
    const batch = partOf(at.batch, part, parts);
    const made = pass({ ...at, batch, step: parts * at.step + part });
    batch.dispose();
    addTo(gradients, made.gradients);
    measured.push(made.measured);
  }
  scale(gradients, 1 / parts);
  return { gradients, measured: meanOf(measured) };
}

/** Neighboring images of a batch. Labels that they are mixed with may be those of other parts. */
export function partOf(batch: Batch, part: number, parts: number): Batch {
  const count = batch.labelValues.length / parts;
  const start = part * count;
  const { classWeights, mix } = batch;
  const images = kernels.rows(batch.images, start, count);
  const labels = kernels.rows(batch.labels, start, count);
  const features = batch.features && kernels.rows(batch.features, start, count);
  return {
    ...{ images, labels, labelValues: batch.labelValues.subarray(start, start + count) },
    ...(features && { features }),
    ...(classWeights && { classWeights }),
    ...(mix && {
      mix: { ...mix, partners: mix.partners.subarray(start, start + count), labels: batch.labelValues },
    }),
    dispose: () => free(images, labels, ...(features ? [features] : [])),
  };
}

/** Adds `more`, which it takes over, to `sums`. */
function addTo(sums: Map<string, Tensor>, more: ReadonlyMap<string, Tensor>): void {
  for (const [name, gradient] of more) {
    const before = sums.get(name);
    sums.set(name, before ? kernels.add(before, gradient) : gradient);
    if (before) free(before, gradient);
  }
}

function scale(tensors: Map<string, Tensor>, by: number): void {
  const factor = scalar(by);
  for (const [name, tensor] of tensors) {
    tensors.set(name, kernels.multiply(tensor, factor));
    free(tensor);
  }
  free(factor);
}

/** Null where the step reports nothing. */
function meanOf(parts: readonly Measured[]): Measured {
  const known = parts.filter((part) => part !== null);
  const mean = (values: readonly (number | null)[]) =>
    values.reduce<number | null>(
      (sum, value) => (sum === null || value === null ? null : sum + value / values.length),
      0,
    );
  if (known.length < parts.length) return null;
  return { loss: mean(known.map(({ loss }) => loss)), violation: mean(known.map((part) => part.violation)) };
}
