import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];
export type Alias = Schemas['Alias'];
export type AliasRule = Schemas['AliasRule'];
export type RegisteredName = Schemas['RegisteredName'];
export type Promotion = Schemas['Promotion'];
export type PromotionRequest = Required<Schemas['PromotionRequest']>;

/** Who asks. Null on a server without keys. */
export type KeyId = string | null;

export interface RegistryPage {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The names of a tenant's models, their versions and aliases. Every method with a name or an id throws `not_found`. */
export interface RegistryClient {
  /** The names in order. @throws invalid_cursor */
  listRegisteredModels(filter: RegistryPage): Promise<Schemas['RegisteredNameList']>;
  getRegisteredModel(name: string): Promise<Schemas['RegisteredModel']>;
  getAlias(name: string, alias: string): Promise<Alias>;
  /**
   * Gives the alias to a version, if its etag is still the one that the caller saw. @throws alias_changed, alias_ruled,
   * version_gone; invalid_request without an etag
   */
  setAlias(name: string, alias: string, version: number, etag: string | null): Promise<Alias>;
  setAliasRule(name: string, alias: string, rule: Required<AliasRule>): Promise<Alias>;
  deleteAliasRule(name: string, alias: string): Promise<void>;
  /** @throws alias_changed, version_gone */
  createPromotion(name: string, request: PromotionRequest, author: KeyId): Promise<Promotion>;
  listPromotions(name: string, filter: RegistryPage): Promise<Schemas['PromotionList']>;
  /** @throws promotion_ended, approval_refused, alias_changed */
  approvePromotion(id: string, by: KeyId): Promise<Promotion>;
  /** @throws promotion_ended */
  rejectPromotion(id: string, by: KeyId): Promise<Promotion>;
  getPromotion(id: string): Promise<Promotion>;
}
