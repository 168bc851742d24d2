import type { Shape } from '../../network/index.js';
import type { TrainBatchesOptions } from './batch-filler.js';
import { weightsOfClasses } from './class-weights.js';
import { type Mix, mixOfStep } from './mix.js';

/** The meaning of the labels of a batch in the loss. */
export interface LabelTerms {
  /** Weight of each class. [classes]. Absent: 1. */
  readonly classWeights?: Float32Array;
  /** The labels that those of the images are mixed with. Absent: none. */
  readonly mix?: Pick<Mix, 'partners' | 'share'> & {
    /** Labels of the images among which the partners are. Absent: those of the batch. */
    readonly labels?: Int32Array;
  };
}

/** The terms of the batches of a run, the same in every process: a pure function of the options and the labels. */
export class LabelRule {
  readonly #weights: Float32Array | null;

  /**
   * @param labels of the split, at least of the images that the job trains on
   * @param facts of the dataset
   */
  constructor(
    readonly options: TrainBatchesOptions,
    labels: Uint16Array,
    readonly facts: { readonly classes: readonly string[]; readonly image: Shape },
  ) {
    const { classWeights = 'none', samples } = options;
    this.#weights = weightsOfClasses(classWeights, labels.subarray(0, samples), facts.classes.length);
  }

  termsAt(step: number): LabelTerms {
    const mix = mixOfStep(this.options, this.facts.image, step);
    return { ...(this.#weights && { classWeights: this.#weights }), ...(mix && { mix }) };
  }
}
