import {
  type Model,
  type ModelFilter,
  type ModelsClient,
  PRODUCTION,
} from '../../../contract/client/models.js';
import { StrataError } from '../../../contract/errors.js';
import { findRule, lockAlias } from '../../store/aliases.js';
import type { Database, Transaction } from '../../store/connection/database.js';
import { curveEnds } from '../../store/metrics.js';
import { findTagChanges, giveTag, type TaggedModel, tagsOf, takeTags } from '../../store/model-tags.js';
import {
  changeModel,
  deleteModel,
  findModel,
  findModels,
  lockModel,
  type ModelRow,
} from '../../store/models.js';
import { placeAfter } from '../cursor.js';
import { notFound } from '../require-job.js';
import { toModel, toTagChange } from '../views/model.js';
import { compare } from '../views/model-comparison.js';
import { pageOf } from '../views/parts.js';
import { cursorOf, placeOf } from './model-cursor.js';

export function modelMethods(
  db: Database,
  tenant: string,
): Omit<
  ModelsClient,
  | 'listModelPushes'
  | 'pushModel'
  | 'predict'
  | 'getModelEvaluation'
  | 'listModelErrors'
  | 'getModelLineage'
  | 'getModelStatement'
  | 'getModelBillOfMaterials'
  | 'getSigningKey'
  | 'createReproduction'
  | 'listReproductions'
  | 'getReproduction'
> {
  const requireRow = async (id: string): Promise<ModelRow> =>
    (await findModel(db, tenant, id)) ?? notFound(id);
  const requireModel = async (id: string): Promise<Model> => toModel(await requireRow(id));
  /** Runs `change` while the model is locked. */
  const locked = (id: string, change: (tx: Transaction, model: TaggedModel) => Promise<void>) =>
    db.$transaction(async (tx) => {
      const model = (await lockModel(tx, tenant, id)) ?? notFound(id);
      await change(tx, { ...model, tenant });
    });
  const contestant = async (id: string) => {
    const row = await requireRow(id);
    return { row, curves: await curveEnds(db, row.jobId) };
  };
  return {
    listModels: (filter) => listModels(db, tenant, filter),
    async getModel(id) {
      const row = await findModel(db, tenant, id);
      return row && toModel(row);
    },
    async updateModel(id, changes) {
      await locked(id, async (tx, { name }) => {
        if (changes.name !== undefined && changes.name !== name) await requireUntagged(tx, id);
        await changeModel(tx, id, changes);
      });
      return requireModel(id);
    },
    async deleteModel(id) {
      await locked(id, async (tx, model) => {
        const tags = await takeTags(tx, model);
        // The error rolls the transaction back.
        if (tags.includes(PRODUCTION)) throw new StrataError('model_in_use');
        await deleteModel(tx, id);
      });
    },
    async tagModel(id, tag) {
      await locked(id, async (tx, model) => {
        await requireNoRule(tx, model, tag);
        await giveTag(tx, model, tag);
      });
      return requireModel(id);
    },
    async untagModel(id, tag) {
      await locked(id, async (tx, model) => {
        await requireNoRule(tx, model, tag);
        if ((await takeTags(tx, model, tag)).length === 0) notFound(`tag ${tag} on ${id}`);
      });
    },
    async listModelTagChanges(id, { after, limit }) {
      await requireRow(id);
      const rows = await findTagChanges(db, tenant, id, placeAfter(after, 'tagchange'), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(toTagChange) };
    },
    async compareModels(a, b) {
      const [first, second] = await Promise.all([contestant(a), contestant(b)]);
      return compare(first, second);
    },
  };
}

async function listModels(db: Database, tenant: string, filter: ModelFilter) {
  const { limit, order_by: orderBy } = filter;
  const rows = await findModels(db, {
    tenant,
    orderBy,
    after: filter.after === undefined ? null : placeOf(filter.after, orderBy),
    limit: limit + 1,
    name: filter.name ?? null,
    dataset: filter.dataset ?? null,
    tag: filter.tag ?? null,
    minAccuracy: filter.min_accuracy ?? null,
    metadata: filter.metadata ?? {},
  });
  const page = pageOf(rows, limit, (row) => cursorOf(row, orderBy));
  return { ...page, data: page.data.map(toModel) };
}

/** @throws StrataError alias_ruled */
async function requireNoRule(
  tx: Transaction,
  { tenant, name: modelName }: TaggedModel,
  alias: string,
): Promise<void> {
  const key = { tenant, modelName, alias };
  await lockAlias(tx, key);
  if ((await findRule(tx, key)) !== null) throw new StrataError('alias_ruled');
}

async function requireUntagged(tx: Transaction, id: string): Promise<void> {
  const tags = await tagsOf(tx, id);
  if (tags.length === 0) return;
  throw new StrataError(
    'model_tagged',
    `The model has the tags ${tags.join(', ')}. Remove them before you rename it.`,
  );
}
