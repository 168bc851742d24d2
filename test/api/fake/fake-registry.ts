import type {
  Alias,
  AliasRule,
  Promotion,
  PromotionRequest,
  RegistryClient,
} from '../../../src/contract/client/registry.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW } from '../fixtures.js';

/** One model, `digits` version 1, and the aliases and promotions that were made. */
export class FakeRegistry implements RegistryClient {
  readonly aliases = new Map<string, Alias>();
  readonly promotions = new Map<string, Promotion>();

  async listRegisteredModels() {
    const aliases = [...this.aliases.values()].map(({ alias }) => ({ alias, version: 1 }));
    const latest = { latest_version: 1, model_id: 'model_1', created_at: NOW };
    return complete([{ object: 'registered_name' as const, name: 'digits', ...latest, aliases }]);
  }

  async getRegisteredModel(name: string) {
    return {
      object: 'registered_model' as const,
      ...{ name, latest_version: 1 },
      versions: [{ version: 1, model_id: 'model_1', created_at: NOW }],
      aliases: [...this.aliases.values()],
    };
  }

  async getAlias(name: string, alias: string) {
    const never = { version: null, model_id: null, etag: 'none', rule: null };
    return this.aliases.get(alias) ?? { object: 'alias' as const, name, alias, ...never };
  }

  async setAlias(name: string, alias: string, version: number, etag: string) {
    const now = await this.getAlias(name, alias);
    if (now.etag !== etag) throw new StrataError('alias_changed');
    return this.#put({ ...now, version, model_id: 'model_1', etag: 'tagchange_1' });
  }

  async setAliasRule(name: string, alias: string, rule: Required<AliasRule>) {
    return this.#put({ ...(await this.getAlias(name, alias)), rule });
  }

  async deleteAliasRule(name: string, alias: string) {
    this.#put({ ...(await this.getAlias(name, alias)), rule: null });
  }

  async createPromotion(
    name: string,
    { version, alias, note, force }: PromotionRequest,
    author: string | null,
  ) {
    const promotion: Promotion = {
      id: 'promotion_1',
      object: 'promotion',
      state: 'pending',
      ...{ name, alias, version, note, author },
      model_id: 'model_1',
      forced_reason: force?.reason ?? null,
      reason: null,
      evidence: [],
      approvals: [],
      created_at: NOW,
      finished_at: null,
    };
    this.promotions.set(promotion.id, promotion);
    return promotion;
  }

  async listPromotions() {
    return complete([...this.promotions.values()]);
  }

  async getPromotion(id: string) {
    return this.promotions.get(id) ?? this.#missing();
  }

  async approvePromotion(id: string) {
    return { ...(await this.getPromotion(id)), state: 'applied' as const };
  }

  async rejectPromotion(id: string) {
    return { ...(await this.getPromotion(id)), state: 'rejected' as const };
  }

  #put(alias: Alias): Alias {
    this.aliases.set(alias.alias, alias);
    return alias;
  }

  #missing(): never {
    throw new StrataError('not_found');
  }
}
