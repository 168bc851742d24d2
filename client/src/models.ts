import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';
import { everyItem } from './pages.js';
import { retried } from './retry.js';

type Schemas = components['schemas'];
export type Model = Schemas['Model'];
export type ModelUpdate = Partial<Schemas['ModelUpdate']>;
export type Prediction = Schemas['Prediction'];
/** Fields that are left out have their default. */
export type PushRequest = Pick<Schemas['ModelPushRequest'], 'target' | 'url'> &
  Partial<Schemas['ModelPushRequest']>;
type PredictQuery = NonNullable<operations['predict']['parameters']['query']>;
type ErrorsQuery = NonNullable<operations['listModelErrors']['parameters']['query']>;
type ListQuery = NonNullable<operations['listModels']['parameters']['query']>;

export function modelsApi({ http }: Connection) {
  const at = (id: string) => ({ path: { id } });
  const withTag = (id: string, tag: string) => ({ params: { path: { id, tag } } });
  const list = (query: ListQuery = {}): Promise<Schemas['ModelList']> =>
    answered(http.GET('/models', { params: { query } }));
  return {
    list,
    /** Yields every model that the query matches. */
    all: (query: Omit<ListQuery, 'after'> = {}): AsyncGenerator<Model> =>
      everyItem((after) => list(after === null ? query : { ...query, after })),
    get: (id: string): Promise<Model> => answered(http.GET('/models/{id}', { params: at(id) })),
    /** Fields that are not given keep their value. Metadata is replaced as a whole. */
    update: (id: string, changes: ModelUpdate): Promise<Model> =>
      answered(http.PATCH('/models/{id}', { params: at(id), body: changes as Schemas['ModelUpdate'] })),
    compare: (a: string, b: string): Promise<Schemas['ModelComparison']> =>
      answered(http.GET('/models/compare', { params: { query: { a, b } } })),
    /** Removes the tag from the model of the same name that has it. */
    tag: (id: string, tag: string): Promise<Model> =>
      answered(http.PUT('/models/{id}/tags/{tag}', withTag(id, tag))),
    untag: (id: string, tag: string): Promise<void> =>
      emptied(http.DELETE('/models/{id}/tags/{tag}', withTag(id, tag))),
    tagChanges: async (id: string): Promise<Schemas['TagChange'][]> =>
      (await answered(http.GET('/models/{id}/tag-changes', { params: at(id) }))).data,
    /** Pushes the model to a bucket or another registry, in a moment; `pushes` tells when it is there. */
    push: (id: string, request: PushRequest): Promise<Schemas['ModelPush']> =>
      answered(
        http.POST('/models/{id}/pushes', { params: at(id), body: request as Schemas['ModelPushRequest'] }),
      ),
    pushes: async (id: string): Promise<Schemas['ModelPush'][]> =>
      (await answered(http.GET('/models/{id}/pushes', { params: at(id) }))).data,
    /** Confusions and figures by class, on the test images. @throws StrataProblem `predictions_missing` */
    evaluation: (id: string, variant: Schemas['ModelVariantName'] = 'full') =>
      answered(http.GET('/models/{id}/evaluation', { params: { ...at(id), query: { variant } } })),
    /** Test images with wrong predictions, the most confident first. @throws StrataProblem `predictions_missing` */
    errors: (id: string, query: ErrorsQuery = {}) =>
      answered(http.GET('/models/{id}/errors', { params: { ...at(id), query } })),
    /**
     * Returns the classes of one image file, or of several. Retries if the server asks for it. @throws
     * StrataProblem
     */
    predict(
      id: string,
      images: Uint8Array | readonly Uint8Array[],
      query: PredictQuery = {},
    ): Promise<Prediction> {
      const files = images instanceof Uint8Array ? [images] : images;
      const body = { images: files.map(base64) };
      return retried(undefined, () =>
        answered(http.POST('/models/{id}/predict', { params: { ...at(id), query }, body })),
      );
    },
    /** Shows where the model came from, and what was said of it. */
    lineage: (id: string): Promise<Schemas['Lineage']> =>
      answered(http.GET('/models/{id}/lineage', { params: at(id) })),
    /** A statement about the files and the origin of the model, signed by the service's key. */
    statement: (id: string): Promise<Schemas['SignedStatement']> =>
      answered(http.GET('/models/{id}/statement', { params: at(id) })),
    /** The materials that the model was made of, as CycloneDX. */
    billOfMaterials: (id: string): Promise<Schemas['BillOfMaterials']> =>
      answered(http.GET('/models/{id}/bill-of-materials', { params: at(id) })),
    /** The public key that verifies statements. */
    signingKey: (): Promise<Schemas['SigningKey']> => answered(http.GET('/signing-key')),
    /** Trains the model again, and compares the weights. @throws StrataProblem `not_reproducible` */
    reproduce: (id: string): Promise<Schemas['Reproduction']> =>
      answered(http.POST('/models/{id}/reproductions', { params: at(id) })),
    /** The newest reproductions. */
    reproductions: async (id: string): Promise<Schemas['Reproduction'][]> =>
      (await answered(http.GET('/models/{id}/reproductions', { params: at(id) }))).data,
    reproduction: (id: string): Promise<Schemas['Reproduction']> =>
      answered(http.GET('/reproductions/{id}', { params: at(id) })),
    /** Deletes the model and its files. @throws StrataProblem `model_in_use` while it has the tag `production` */
    delete: (id: string): Promise<void> => emptied(http.DELETE('/models/{id}', { params: at(id) })),
  };
}

/** `btoa` takes one character per byte. A whole image would be too many arguments for one call. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 8_192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  }
  return btoa(text);
}
