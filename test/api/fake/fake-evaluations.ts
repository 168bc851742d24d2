import type {
  Evaluation,
  EvaluationRequest,
  EvaluationsClient,
} from '../../../src/contract/client/evaluations.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW } from '../fixtures.js';

/** Evaluations in memory: they stay queued. */
export class FakeEvaluations implements EvaluationsClient {
  readonly rows = new Map<string, Evaluation>();

  async createEvaluation(request: EvaluationRequest) {
    const { model = null, checkpoint, variant, dataset, split, tta, cascade, slices } = request;
    const self = '/evaluations/evaluation_1';
    const evaluation: Evaluation = {
      id: 'evaluation_1',
      object: 'evaluation',
      state: 'queued',
      model_id: model,
      model_name: model && 'digits',
      checkpoint: checkpoint
        ? { id: checkpoint, job_id: 'job_1', job_name: null, kind: 'final', round: null, step: 8 }
        : null,
      variant,
      dataset: { id: 'mnist', name: dataset, sha256: '0'.repeat(64) },
      split,
      tta,
      cascade,
      slices,
      images: 2,
      progress: 0,
      figures: null,
      error: null,
      created_at: NOW,
      started_at: null,
      finished_at: null,
      links: { self, model: model && `/models/${model}`, job: null, predictions: `${self}/predictions` },
    };
    this.rows.set(evaluation.id, evaluation);
    return evaluation;
  }

  async listEvaluations() {
    return complete([...this.rows.values()]);
  }

  async getEvaluation(id: string) {
    return this.rows.get(id) ?? null;
  }

  async cancelEvaluation(id: string) {
    const evaluation: Evaluation = { ...this.#row(id), state: 'cancelled' };
    this.rows.set(id, evaluation);
    return evaluation;
  }

  async deleteEvaluation(id: string) {
    if (!this.rows.delete(id)) throw new StrataError('not_found');
  }

  async getEvaluationPredictions(id: string) {
    this.#row(id);
    const classes = [{ name: '1', probability: 0.75 }];
    return [{ index: 0, label: '1', correct: true, classes }];
  }

  async sliceEvaluation(id: string, slices: readonly { readonly name: string }[]) {
    this.#row(id);
    const none = { accuracy: null, accuracy_interval: null, balanced_accuracy: null, macro_f1: null };
    const figures = { images: 0, correct: 0, ...none, other_accuracy: 0.5 };
    return {
      object: 'evaluation_slices' as const,
      evaluation_id: id,
      slices: slices.map(({ name }) => ({ name, ...figures })),
    };
  }

  async compareEvaluations(a: string, b: string) {
    const of = (id: string) => ({
      ...{ id, model_id: this.#row(id).model_id, checkpoint_id: this.#row(id).checkpoint?.id ?? null },
      ...{ variant: 'full' as const, accuracy: 0.5 },
    });
    return {
      object: 'evaluation_comparison' as const,
      ...{ a: of(a), b: of(b), images: 2, both_right: 1, only_a: 0, only_b: 0, both_wrong: 1 },
      ...{ difference: 0, p_value: 1, classes: [] },
    };
  }

  #row(id: string): Evaluation {
    const row = this.rows.get(id);
    if (row === undefined) throw new StrataError('not_found');
    return row;
  }
}
