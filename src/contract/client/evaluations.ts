import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];
export type Evaluation = Schemas['Evaluation'];
/** Exactly one of `model` and `checkpoint` is given. */
export type EvaluationRequest = Required<Omit<Schemas['EvaluationRequest'], 'model' | 'checkpoint'>> &
  Pick<Schemas['EvaluationRequest'], 'model' | 'checkpoint'>;

export interface EvaluationFilter {
  readonly after?: string | undefined;
  readonly limit: number;
  /** Id of a model. */
  readonly model?: string | undefined;
  /** Id of a job whose checkpoints were evaluated. */
  readonly job?: string | undefined;
}

/** The evaluations of one tenant. Every method that takes an id throws `not_found`, except `getEvaluation`. */
export interface EvaluationsClient {
  /**
   * The evaluation of this question, which may exist already. @throws not_found, dataset_not_prepared, model_not_served,
   * checkpoint_unusable, classes_unknown, images_unfit, limit_reached, invalid_request
   */
  createEvaluation(request: EvaluationRequest): Promise<Evaluation>;
  /** @throws invalid_cursor */
  listEvaluations(filter: EvaluationFilter): Promise<Schemas['EvaluationList']>;
  getEvaluation(id: string): Promise<Evaluation | null>;
  /** One that has ended stays as it is. */
  cancelEvaluation(id: string): Promise<Evaluation>;
  deleteEvaluation(id: string): Promise<void>;
  /** In the order of the dataset. @throws evaluation_unfinished */
  getEvaluationPredictions(id: string): Promise<Iterable<Schemas['EvaluationPrediction']>>;
  /** @throws evaluation_unfinished, invalid_request */
  sliceEvaluation(id: string, slices: readonly Schemas['Slice'][]): Promise<Schemas['EvaluationSlices']>;
  /** @throws evaluation_unfinished, evaluations_differ */
  compareEvaluations(a: string, b: string): Promise<Schemas['EvaluationComparison']>;
}
