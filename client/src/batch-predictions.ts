import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';

type Schemas = components['schemas'];
export type BatchPrediction = Schemas['BatchPrediction'];
/** Fields that are left out have their default. */
export type BatchPredictionRequest = Pick<Schemas['BatchPredictionRequest'], 'model'> &
  Partial<Omit<Schemas['BatchPredictionRequest'], 'input' | 'output'>> & {
    /** Images of a dataset, or a complete upload of `uploads`: a zip or tar of pictures. */
    readonly input:
      | { readonly dataset: string; readonly split?: Schemas['EvaluationSplit'] }
      | { readonly upload: string };
    readonly output?: { readonly format?: Schemas['BatchPredictionFormat'] };
  };
type ListQuery = NonNullable<operations['listBatchPredictions']['parameters']['query']>;

const DEFAULTS = { variant: 'full', top_k: 5, max_failed_share: 0.01, cascade: null } as const;

export function batchPredictionsApi({ http }: Connection) {
  const at = (id: string) => ({ params: { path: { id } } });
  return {
    /** Workers make it: `get` shows how far they are. */
    create: ({ input, output, ...request }: BatchPredictionRequest): Promise<BatchPrediction> =>
      answered(
        http.POST('/batch-predictions', {
          body: {
            ...DEFAULTS,
            include: [],
            ...request,
            input: 'upload' in input ? input : { split: null, ...input },
            output: { format: 'jsonl', ...output },
          },
        }),
      ),
    list: (query: ListQuery = {}): Promise<Schemas['BatchPredictionList']> =>
      answered(http.GET('/batch-predictions', { params: { query } })),
    get: (id: string): Promise<BatchPrediction> => answered(http.GET('/batch-predictions/{id}', at(id))),
    cancel: (id: string): Promise<BatchPrediction> =>
      answered(http.POST('/batch-predictions/{id}/cancel', at(id))),
    delete: (id: string): Promise<void> => emptied(http.DELETE('/batch-predictions/{id}', at(id))),
    /** The result as text: lines of JSON, or CSV. @throws StrataProblem `batch_unfinished` */
    result: async (id: string): Promise<string> =>
      String(await answered(http.GET('/batch-predictions/{id}/result', { ...at(id), parseAs: 'text' }))),
    /** The images that could not be read, as lines of JSON. @throws StrataProblem `batch_unfinished` */
    errors: async (id: string): Promise<string> =>
      String(await answered(http.GET('/batch-predictions/{id}/errors', { ...at(id), parseAs: 'text' }))),
  };
}
