import type { EvaluationRequest, EvaluationsClient } from '../../../contract/client/evaluations.js';
import { splitOf } from '../../../contract/dataset-manifest.js';
import { type ColumnOfSplit, columnIn, METADATA_PREFIX } from '../../../contract/dataset-metadata.js';
import { StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { TestPredictions } from '../../../contract/test-predictions.js';
import { IMAGES_PER_PART, MAX_EVALUATIONS_PER_TENANT } from '../../process/limits.js';
import type { Transaction } from '../../store/connection/database.js';
import { findDataset } from '../../store/datasets.js';
import {
  countEvaluations,
  deleteEvaluation,
  endEvaluation,
  findEvaluation,
  findEvaluations,
  findSame,
  insertEvaluation,
  lockUnfinished,
  type NewEvaluation,
} from '../../store/evaluations.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import type * as Rows from '../../store/rows.js';
import { placeAfter } from '../cursor.js';
import { type DatasetFiles, preparedManifest } from '../datasets/images.js';
import { keptOf } from '../models/evaluation.js';
import type { PredictionFiles } from '../models/test-answers.js';
import { notFound } from '../require-job.js';
import { readStored } from '../stored.js';
import { toEvaluation } from '../views/evaluation.js';
import { pageOf } from '../views/parts.js';
import { type Contestant, compareContestants } from './compare.js';
import { planEvaluation } from './setup.js';
import { figuresOfSlices } from './slices.js';
import { findSubject, type SubjectParts } from './subject.js';

export interface EvaluationParts extends SubjectParts {
  readonly datasetFiles: DatasetFiles;
  readonly predictionFiles: PredictionFiles;
}

export function evaluationMethods(parts: EvaluationParts, tenant: string): EvaluationsClient {
  const { db, datasetFiles, predictionFiles } = parts;
  const requireRow = async (id: string): Promise<Rows.Evaluation> =>
    (await findEvaluation(db, tenant, id)) ?? notFound(id);
  const contestant = async (id: string): Promise<Contestant> => {
    const row = await requireRow(id);
    const { predictionsUri: uri } = row;
    if (uri === null) throw new StrataError('evaluation_unfinished', `The state of ${id} is ${row.state}.`);
    return { row, predictions: await readStored(`the predictions of ${id}`, () => predictionFiles(uri)) };
  };
  return {
    async createEvaluation(request) {
      const planned = await planFor(parts, tenant, request);
      return underLimit(db, 'evaluation', tenant, async (tx) => toEvaluation(await ensure(tx, planned)));
    },
    async listEvaluations({ after, limit, model, job }) {
      const place = placeAfter(after, 'evaluation');
      const query = { tenant, modelId: model ?? null, jobId: job ?? null, after: place, limit: limit + 1 };
      const page = pageOf(await findEvaluations(db, query), limit, (row) => row.id);
      return { ...page, data: page.data.map(toEvaluation) };
    },
    async getEvaluation(id) {
      const row = await findEvaluation(db, tenant, id);
      return row && toEvaluation(row);
    },
    async cancelEvaluation(id) {
      await requireRow(id);
      await db.$transaction(async (tx) => {
        if (await lockUnfinished(tx, id)) await endEvaluation(tx, id, { state: 'cancelled' });
      });
      return toEvaluation(await requireRow(id));
    },
    async deleteEvaluation(id) {
      if (!(await db.$transaction((tx) => deleteEvaluation(tx, tenant, id)))) notFound(id);
    },
    async getEvaluationPredictions(id) {
      const { row, predictions } = await contestant(id);
      return linesOf(predictions, row.setup.classes);
    },
    async sliceEvaluation(id, slices) {
      const { row, predictions } = await contestant(id);
      const figures = await figuresOfSlices(slices, predictions, row.setup.classes, (column) =>
        metadataColumn(datasetFiles, row, column),
      );
      return { object: 'evaluation_slices', evaluation_id: id, slices: figures };
    },
    async compareEvaluations(a, b) {
      const [first, second] = await Promise.all([contestant(a), contestant(b)]);
      return compareContestants(first, second);
    },
  };
}

/** A column of metadata of the evaluated images. @throws StrataError invalid_request, blob_missing */
async function metadataColumn(
  files: DatasetFiles,
  { setup, split, datasetName }: Rows.Evaluation,
  name: string,
): Promise<ColumnOfSplit | null> {
  const manifest = await readStored(datasetName, () => files.manifest(setup.manifest));
  const { metadata: uri, count } = splitOf(manifest, split);
  if (uri === undefined || manifest.metadata === undefined) return null;
  const codes = await readStored(datasetName, () => files.labels(uri));
  return columnIn(manifest.metadata, METADATA_PREFIX + name, codes, count);
}

/** The evaluation that a request asks for, with all that its parts need. */
async function planFor(
  parts: EvaluationParts,
  tenant: string,
  request: EvaluationRequest,
): Promise<NewEvaluation> {
  const { dataset: datasetName, variant, split, tta, cascade } = request;
  const slices = [...request.slices].sort();
  const subject = await findSubject(parts, tenant, request);
  const dataset = (await findDataset(parts.db, tenant, datasetName)) ?? notFound(datasetName);
  const uri = preparedManifest(dataset);
  const manifest = await readStored(dataset.name, () => parts.datasetFiles.manifest(uri));
  const { setup, images } = planEvaluation({ ...request, slices }, subject, manifest, uri);
  return {
    id: newId('evaluation'),
    ...{ tenant, variant, split, tta, cascade, slices, images, setup },
    ...subject.columns,
    datasetId: dataset.id,
    datasetName: dataset.name,
    datasetSha256: uri.slice('sha256:'.length),
  };
}

/** The evaluation of the same question, or this one. */
async function ensure(tx: Transaction, planned: NewEvaluation): Promise<Rows.Evaluation> {
  const { tenant, modelId, checkpointId, jobId, variant, datasetId, datasetSha256, split } = planned;
  const { tta, cascade, slices } = planned;
  const question = { variant, datasetId, datasetSha256, split, tta, cascade, slices };
  const same = await findSame(tx, { tenant, modelId, checkpointId, jobId, ...question });
  if (same !== null) return same;
  if ((await countEvaluations(tx, tenant)) >= MAX_EVALUATIONS_PER_TENANT) {
    const detail = `The limit is ${MAX_EVALUATIONS_PER_TENANT} evaluations. Delete some first.`;
    throw new StrataError('limit_reached', detail);
  }
  return insertEvaluation(tx, planned, IMAGES_PER_PART);
}

type Line = components['schemas']['EvaluationPrediction'];

function* linesOf(predictions: TestPredictions, names: readonly string[]): Generator<Line> {
  const { labels, classes, probabilities } = predictions;
  const kept = keptOf(predictions);
  const nameOf = (index: number | undefined): string => names[index ?? 0] ?? '';
  for (const [index, label] of labels.entries()) {
    const places = Array.from({ length: kept }, (_, rank) => index * kept + rank);
    yield {
      index,
      label: nameOf(label),
      correct: classes[index * kept] === label,
      classes: places.map((place) => ({
        name: nameOf(classes[place]),
        probability: probabilities[place] ?? 0,
      })),
    };
  }
}
