import type { components } from '../generated/openapi.js';
import type { PredictionTask } from '../predictor-protocol.js';

type Schemas = components['schemas'];
export type Model = Schemas['Model'];
export type ModelVariantName = Schemas['ModelVariantName'];

/** The exported networks: the full network, and the compact one with fewer layers. */
export const MODEL_VARIANTS = ['full', 'compact'] as const satisfies readonly ModelVariantName[];

/** A model with this tag cannot be deleted. */
export const PRODUCTION = 'production';

export interface ModelFilter {
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly order_by: 'created_at' | 'accuracy';
  readonly name?: string | undefined;
  /** Name or id. */
  readonly dataset?: string | undefined;
  readonly tag?: string | undefined;
  readonly min_accuracy?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Images to predict, each in base64. */
export interface PredictionImages {
  readonly kind: PredictionTask['kind'];
  readonly items: readonly string[];
  /** JSON pointer of an image in the request body. */
  pointer(index: number): string;
}

export interface PredictionQuestion extends PredictionImages {
  readonly variant: ModelVariantName;
  /** Number of classes to return for each image. */
  readonly topK: number;
}

export interface ModelErrorFilter {
  readonly variant: ModelVariantName;
  /** Index of the class that the images have. */
  readonly label?: number | undefined;
  /** Index of the class that they are taken for. */
  readonly predicted?: number | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** The models of one tenant. Every method that takes an id throws `not_found`, except `getModel` and `getReproduction`. */
export interface ModelsClient {
  /** @throws invalid_cursor for a cursor of another order */
  listModels(filter: ModelFilter): Promise<Schemas['ModelList']>;
  getModel(id: string): Promise<Model | null>;
  /** @throws model_tagged if the request renames a model with tags */
  updateModel(id: string, changes: Schemas['ModelUpdate']): Promise<Model>;
  /** @throws model_in_use */
  deleteModel(id: string): Promise<void>;
  /** Removes the tag from the model of the same name that has it. */
  tagModel(id: string, tag: string): Promise<Model>;
  untagModel(id: string, tag: string): Promise<void>;
  /** Newest first. */
  listModelTagChanges(
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Schemas['TagChangeList']>;
  listModelPushes(id: string): Promise<Schemas['ModelPushList']>;
  /** @throws invalid_request for a field that the target does not use or lacks, forbidden_target, limit_reached */
  pushModel(id: string, request: Required<Schemas['ModelPushRequest']>): Promise<Schemas['ModelPush']>;
  /** @throws predictions_missing */
  getModelEvaluation(id: string, variant: ModelVariantName): Promise<Schemas['ModelEvaluation']>;
  /** Test images with wrong predictions, the most confident first. @throws predictions_missing */
  listModelErrors(id: string, filter: ModelErrorFilter): Promise<Schemas['ModelErrorList']>;
  getModelLineage(id: string): Promise<Schemas['Lineage']>;
  getModelStatement(id: string): Promise<Schemas['SignedStatement']>;
  getModelBillOfMaterials(id: string): Promise<Schemas['BillOfMaterials']>;
  getSigningKey(): Promise<Schemas['SigningKey']>;
  /** The reproduction of the model that is not finished, or a new one. @throws not_reproducible, quota_reached */
  createReproduction(id: string, actor: string | null): Promise<Schemas['Reproduction']>;
  /** @throws invalid_cursor */
  listReproductions(
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Schemas['ReproductionList']>;
  getReproduction(id: string): Promise<Schemas['Reproduction'] | null>;
  compareModels(a: string, b: string): Promise<Schemas['ModelComparison']>;
  /**
   * @throws model_not_served; invalid_request or unreadable_image for an image; and errors that a retry may fix:
   * no_predictor, predictions_full, prediction_late, prediction_interrupted, unavailable
   * @param signal aborts when nobody waits for the answer any more; the work stops
   */
  predict(id: string, question: PredictionQuestion, signal: AbortSignal): Promise<Schemas['Prediction']>;
}
