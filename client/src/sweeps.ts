import type { components } from './generated/openapi.js';
import { answered, type Connection } from './http.js';
import type { NewJob, Sent } from './jobs.js';

type Schemas = components['schemas'];
export type Sweep = Schemas['Sweep'];
export type Trial = Schemas['Trial'];
export type NewSweep = Sent<Omit<Schemas['SweepSpec'], 'job' | 'space'>> & {
  readonly job: NewJob;
  readonly space: Schemas['SweepSpec']['space'];
};

export function sweepsApi({ http }: Connection) {
  const at = (id: string) => ({ params: { path: { id } } });
  const post = (body: NewSweep, dryRun: boolean): Promise<Sweep> =>
    answered(
      http.POST('/sweeps', { params: { query: { dry_run: dryRun } }, body: body as Schemas['SweepSpec'] }),
    );
  return {
    list: (query: { readonly limit?: number; readonly after?: string } = {}): Promise<Schemas['SweepList']> =>
      answered(http.GET('/sweeps', { params: { query } })),
    get: (id: string): Promise<Sweep> => answered(http.GET('/sweeps/{id}', at(id))),
    create: (spec: NewSweep): Promise<Sweep> => post(spec, false),
    /** The sweep as it would start, with its cost. Nothing is stored. */
    dryRun: (spec: NewSweep): Promise<Sweep> => post(spec, true),
    /** Fields that are not given keep their value. */
    update: (id: string, changes: Schemas['SweepUpdate']): Promise<Sweep> =>
      answered(http.PATCH('/sweeps/{id}', { ...at(id), body: changes })),
    trials: async (id: string): Promise<Trial[]> =>
      (await answered(http.GET('/sweeps/{id}/trials', at(id)))).data,
    /** Trains a point of your own: values by JSON pointer into the job. */
    addTrial: (id: string, parameters: Trial['parameters']): Promise<Trial> =>
      answered(http.POST('/sweeps/{id}/trials', { ...at(id), body: { parameters } })),
    pause: (id: string): Promise<Sweep> => answered(http.POST('/sweeps/{id}/pause', at(id))),
    resume: (id: string): Promise<Sweep> => answered(http.POST('/sweeps/{id}/resume', at(id))),
    cancel: (id: string): Promise<Sweep> => answered(http.POST('/sweeps/{id}/cancel', at(id))),
  };
}
