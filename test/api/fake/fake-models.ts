import type {
  Model,
  ModelFilter,
  ModelsClient,
  ModelVariantName,
  PredictionQuestion,
} from '../../../src/contract/client/models.js';
import { StrataError } from '../../../src/contract/errors.js';
import { evaluate } from '../../../src/jobs/client/models/evaluation.js';
import { complete, modelOf, NOW, reproductionOf } from '../fixtures.js';

/** Two images of class 0, of which the second is taken for class 1. */
const ANSWERS = {
  labels: Uint16Array.of(0, 0),
  classes: Uint16Array.of(0, 1),
  probabilities: Float32Array.of(0.8, 0.9),
};

/** Models in memory: there is one, `model_1`. */
export class FakeModels implements ModelsClient {
  readonly pushes: Awaited<ReturnType<ModelsClient['pushModel']>>[] = [];
  readonly rows = new Map<string, Model>([['model_1', modelOf('model_1')]]);

  async listModels({ name }: ModelFilter) {
    return complete([...this.rows.values()].filter((model) => name === undefined || model.name === name));
  }

  async getModel(id: string) {
    return this.rows.get(id) ?? null;
  }

  async updateModel(id: string, changes: Partial<Pick<Model, 'name' | 'description' | 'metadata'>>) {
    return this.#replace({ ...this.#model(id), ...changes });
  }

  async deleteModel(id: string) {
    if (this.#model(id).tags.includes('production')) throw new StrataError('model_in_use');
    this.rows.delete(id);
  }

  async tagModel(id: string, tag: string) {
    const model = this.#model(id);
    return this.#replace({ ...model, tags: [...model.tags.filter((other) => other !== tag), tag] });
  }

  async untagModel(id: string, tag: string) {
    const model = this.#model(id);
    if (!model.tags.includes(tag)) throw new StrataError('not_found', `There is no tag ${tag} on ${id}.`);
    this.#replace({ ...model, tags: model.tags.filter((other) => other !== tag) });
  }

  async listModelTagChanges(id: string) {
    const { name } = this.#model(id);
    const change = { id: 'tagchange_1', object: 'tag_change' as const, at: NOW, name, tag: 'production' };
    return complete([{ ...change, model_id: id, previous_model_id: null }]);
  }

  async listModelPushes(id: string) {
    this.#model(id);
    return complete(this.pushes.filter((push) => push.model_id === id));
  }

  async pushModel(id: string, request: Parameters<ModelsClient['pushModel']>[1]) {
    this.#model(id);
    const { target, url, variant, alias } = request;
    const push = {
      ...{ id: `push_${this.pushes.length + 1}`, object: 'model_push' as const, model_id: id },
      ...{ target, url, variant, alias, state: 'pending' as const, attempts: 0, location: null },
      ...{ error: null, created_at: NOW, next_attempt_at: null, finished_at: null },
    };
    this.pushes.push(push);
    return push;
  }

  async getModelEvaluation(id: string, variant: ModelVariantName) {
    const { classes } = this.#model(id);
    return { object: 'model_evaluation' as const, model_id: id, variant, ...evaluate(ANSWERS, classes) };
  }

  async listModelErrors(id: string) {
    const [label, predicted] = this.#model(id).classes.map((name, index) => ({ index, name }));
    const error = {
      object: 'model_error' as const,
      index: 1,
      label: label!,
      classes: [{ ...predicted!, probability: 0.9 }],
      links: { image: '/datasets/mnist/images/test/1' },
    };
    return { object: 'list' as const, data: [error], has_more: false, total: 1 };
  }

  async compareModels(a: string, b: string) {
    const [first, second] = [this.#model(a), this.#model(b)];
    return {
      object: 'model_comparison' as const,
      a: first,
      b: second,
      spec: [{ pointer: '/optimizer/learning_rate', a: 0.1, b: null }],
      figures: [{ name: 'test_accuracy', a: 0.9, b: 0.95, difference: 0.05 }],
      curves: [{ name: 'loss', stage: 0, a: { step: 9, value: 0.5 }, b: null }],
    };
  }

  async getModelLineage(id: string) {
    const { name, created_at: at } = this.#model(id);
    const node = { id, type: 'model' as const, name, at, sha256: null, exists: true };
    const nodes = [{ ...node, links: { self: `/models/${id}` } }];
    return { object: 'lineage' as const, model_id: id, nodes, edges: [], complete: true };
  }

  async getModelStatement(id: string) {
    this.#model(id);
    return { payloadType: 'application/vnd.in-toto+json' as const, payload: '', signatures: [] };
  }

  async getModelBillOfMaterials(id: string) {
    this.#model(id);
    const head = { bomFormat: 'CycloneDX' as const, specVersion: '1.6' as const, version: 1 as const };
    return { ...head, serialNumber: `urn:uuid:${id}`, metadata: {}, components: [], dependencies: [] };
  }

  async getSigningKey() {
    return { object: 'signing_key' as const, key_id: '0', algorithm: 'ed25519' as const, public_key: '' };
  }

  async createReproduction(id: string) {
    this.#model(id);
    return reproductionOf('reproduction_1');
  }

  async listReproductions(id: string) {
    this.#model(id);
    return complete([reproductionOf('reproduction_1')]);
  }

  async getReproduction(id: string) {
    return id === 'reproduction_1' ? reproductionOf(id) : null;
  }

  async predict(id: string, { variant, topK, items }: PredictionQuestion) {
    const { classes } = this.#model(id);
    const ranked = classes.map((name, index) => ({ index, name, probability: index === 0 ? 1 : 0 }));
    return {
      object: 'prediction' as const,
      model_id: id,
      variant,
      sha256: '0'.repeat(64),
      data: items.map(() => ({ classes: ranked.slice(0, topK) })),
      ms: { total: 4, load: 1, decode: 1, compute: 1 },
    };
  }

  #model(id: string): Model {
    const model = this.rows.get(id);
    if (!model) throw new StrataError('not_found', `There is no model ${id}.`);
    return model;
  }

  #replace(model: Model): Model {
    this.rows.set(model.id, model);
    return model;
  }
}
