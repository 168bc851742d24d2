import type { components } from '../generated/openapi.js';
import type { PredictionTask } from '../predictor-protocol.js';

type Schemas = components['schemas'];
export type Model = Schemas['Model'];
export type ModelVariantName = Schemas['ModelVariantName'];

/** An exported network, or the one that stands for it on fewer layers. */
export const MODEL_VARIANTS = ['full', 'compact'] as const satisfies readonly ModelVariantName[];

/** The tag that keeps its holder from being deleted. */
export const PRODUCTION = 'production';

export interface ModelFilter {
  /** The `next` of the page before. */
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
  /** Where in the request's body an image stands. */
  pointer(index: number): string;
}

export interface PredictionQuestion extends PredictionImages {
  readonly variant: ModelVariantName;
  /** Classes to answer for each image. */
  readonly topK: number;
}

/** What the API may ask of one tenant's models; every method that takes an id throws `not_found`, but `getModel`. */
export interface ModelsClient {
  /** @throws invalid_cursor for a cursor of another order */
  listModels(filter: ModelFilter): Promise<Schemas['ModelList']>;
  getModel(id: string): Promise<Model | null>;
  /** @throws model_tagged where a model that holds tags is to be renamed */
  updateModel(id: string, changes: Schemas['ModelUpdate']): Promise<Model>;
  /** @throws model_in_use */
  deleteModel(id: string): Promise<void>;
  /** Takes the tag from the model of the same name that holds it. */
  tagModel(id: string, tag: string): Promise<Model>;
  untagModel(id: string, tag: string): Promise<void>;
  /** Newest first. */
  listModelTagChanges(
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Schemas['TagChangeList']>;
  compareModels(a: string, b: string): Promise<Schemas['ModelComparison']>;
  /**
   * @throws model_not_served, invalid_request or unreadable_image for an image, and what may pass: no_predictor,
   * predictions_full, prediction_late, prediction_interrupted, unavailable
   */
  predict(id: string, question: PredictionQuestion): Promise<Schemas['Prediction']>;
}
