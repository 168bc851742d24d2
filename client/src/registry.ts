import type { components, operations } from './generated/openapi.js';
import { answered, type Connection, emptied } from './http.js';

type Schemas = components['schemas'];
type ListQuery = NonNullable<operations['listRegisteredModels']['parameters']['query']>;
type Promotion = Schemas['Promotion'];
/** Fields that are left out have their default. */
export type PromotionRequest = Pick<Schemas['PromotionRequest'], 'version' | 'alias'> &
  Partial<Schemas['PromotionRequest']>;

export function registryApi({ http }: Connection) {
  const at = (name: string) => ({ params: { path: { name } } });
  const atAlias = (name: string, alias: string) => ({ path: { name, alias } });
  const ofId = (id: string) => ({ params: { path: { id } } });
  return {
    /** The names of models, each with its latest version and aliases. */
    list: (query: ListQuery = {}): Promise<Schemas['RegisteredNameList']> =>
      answered(http.GET('/registry', { params: { query } })),
    /** Versions and aliases of the models of a name. */
    get: (name: string): Promise<Schemas['RegisteredModel']> =>
      answered(http.GET('/registry/{name}', at(name))),
    alias: (name: string, alias: string): Promise<Schemas['Alias']> =>
      answered(http.GET('/registry/{name}/aliases/{alias}', { params: atAlias(name, alias) })),
    /** @param etag of the alias as it was read. @throws StrataProblem `alias_changed`, `alias_ruled` */
    setAlias: (name: string, alias: string, version: number, etag: string): Promise<Schemas['Alias']> => {
      const params = { ...atAlias(name, alias), header: { 'If-Match': etag } };
      return answered(http.PUT('/registry/{name}/aliases/{alias}', { params, body: { version } }));
    },
    setRule: (name: string, alias: string, rule: Schemas['AliasRule']): Promise<Schemas['Alias']> =>
      answered(
        http.PUT('/registry/{name}/aliases/{alias}/rule', { params: atAlias(name, alias), body: rule }),
      ),
    deleteRule: (name: string, alias: string): Promise<void> =>
      emptied(http.DELETE('/registry/{name}/aliases/{alias}/rule', { params: atAlias(name, alias) })),
    /** Asks for an alias; the answer says whether the rule of the alias let it through. */
    promote: (name: string, request: PromotionRequest): Promise<Promotion> =>
      answered(
        http.POST('/registry/{name}/promotions', {
          ...at(name),
          body: { note: '', etag: null, force: null, ...request },
        }),
      ),
    promotions: async (name: string): Promise<Promotion[]> =>
      (await answered(http.GET('/registry/{name}/promotions', at(name)))).data,
    promotion: (id: string): Promise<Promotion> => answered(http.GET('/promotions/{id}', ofId(id))),
    approve: (id: string): Promise<Promotion> => answered(http.POST('/promotions/{id}/approve', ofId(id))),
    reject: (id: string): Promise<Promotion> => answered(http.POST('/promotions/{id}/reject', ofId(id))),
  };
}
