import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';
import { everyItem } from './pages.js';

type Schemas = components['schemas'];
export type Model = Schemas['Model'];
export type ModelUpdate = Partial<Schemas['ModelUpdate']>;
type ListQuery = NonNullable<operations['listModels']['parameters']['query']>;

export function modelsApi({ http }: Connection) {
  const at = (id: string) => ({ path: { id } });
  const withTag = (id: string, tag: string) => ({ params: { path: { id, tag } } });
  const list = (query: ListQuery = {}): Promise<Schemas['ModelList']> =>
    answered(http.GET('/models', { params: { query } }));
  return {
    list,
    /** Every model that the query matches, page by page. */
    all: (query: Omit<ListQuery, 'after'> = {}): AsyncGenerator<Model> =>
      everyItem((after) => list(after === null ? query : { ...query, after })),
    get: (id: string): Promise<Model> => answered(http.GET('/models/{id}', { params: at(id) })),
    /** What is not named stays; metadata is replaced as a whole. */
    update: (id: string, changes: ModelUpdate): Promise<Model> =>
      answered(http.PATCH('/models/{id}', { params: at(id), body: changes as Schemas['ModelUpdate'] })),
    compare: (a: string, b: string): Promise<Schemas['ModelComparison']> =>
      answered(http.GET('/models/compare', { params: { query: { a, b } } })),
    /** Takes the tag from the model of the same name that holds it. */
    tag: (id: string, tag: string): Promise<Model> =>
      answered(http.PUT('/models/{id}/tags/{tag}', withTag(id, tag))),
    untag: (id: string, tag: string): Promise<void> =>
      emptied(http.DELETE('/models/{id}/tags/{tag}', withTag(id, tag))),
    tagChanges: async (id: string): Promise<Schemas['TagChange'][]> =>
      (await answered(http.GET('/models/{id}/tag-changes', { params: at(id) }))).data,
    /** With its files. @throws StrataProblem `model_in_use` while it holds the tag `production` */
    delete: (id: string): Promise<void> => emptied(http.DELETE('/models/{id}', { params: at(id) })),
  };
}
