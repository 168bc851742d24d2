import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';

type Schemas = components['schemas'];
export type Evaluation = Schemas['Evaluation'];
/**
 * Either `model` or `checkpoint` is given. Other fields that are left out have their default: the full network on the test
 * images.
 */
export type EvaluationRequest = Pick<Schemas['EvaluationRequest'], 'dataset'> &
  Partial<Schemas['EvaluationRequest']>;
type ListQuery = NonNullable<operations['listEvaluations']['parameters']['query']>;

export function evaluationsApi({ http }: Connection) {
  const at = (id: string) => ({ params: { path: { id } } });
  return {
    /** The evaluation of this question, which may exist already. It is made by workers: `get` shows its progress. */
    create: (request: EvaluationRequest): Promise<Evaluation> =>
      answered(
        http.POST('/evaluations', {
          body: { variant: 'full', split: 'test', tta: 'none', cascade: false, slices: [], ...request },
        }),
      ),
    list: (query: ListQuery = {}): Promise<Schemas['EvaluationList']> =>
      answered(http.GET('/evaluations', { params: { query } })),
    get: (id: string): Promise<Evaluation> => answered(http.GET('/evaluations/{id}', at(id))),
    cancel: (id: string): Promise<Evaluation> => answered(http.POST('/evaluations/{id}/cancel', at(id))),
    delete: (id: string): Promise<void> => emptied(http.DELETE('/evaluations/{id}', at(id))),
    /** Two evaluations on the same images. @throws StrataProblem `evaluations_differ` */
    compare: (a: string, b: string): Promise<Schemas['EvaluationComparison']> =>
      answered(http.GET('/evaluations/compare', { params: { query: { a, b } } })),
    /** Figures of parts of the images. @throws StrataProblem `evaluation_unfinished`, `invalid_request` */
    slices: (id: string, slices: Schemas['Slice'][]): Promise<Schemas['EvaluationSlices']> =>
      answered(http.POST('/evaluations/{id}/slices', { ...at(id), body: { slices } })),
    /** One prediction for each image, in the order of the dataset. @throws StrataProblem `evaluation_unfinished` */
    predictions: async (id: string): Promise<Schemas['EvaluationPrediction'][]> => {
      const lines = answered(http.GET('/evaluations/{id}/predictions', { ...at(id), parseAs: 'text' }));
      return String(await lines)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
  };
}
