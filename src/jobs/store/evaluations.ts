import type { BlobUri } from '../../contract/blob-uri.js';
import type { StoredSetup } from '../../contract/evaluator-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { COLUMNS } from './columns.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { cutIntoParts } from './parts.js';
import type { Evaluation } from './rows.js';

type Schemas = components['schemas'];

/** The subject of an evaluation: two of the same subject would get the same figures. */
export interface EvaluationSubject {
  readonly tenant: string;
  /** Null for a checkpoint, which has the other two. */
  readonly modelId: string | null;
  readonly checkpointId: string | null;
  readonly jobId: string | null;
  readonly variant: Schemas['ModelVariantName'];
  readonly datasetId: string;
  readonly datasetSha256: string;
  readonly split: Schemas['EvaluationSplit'];
  readonly tta: Schemas['TestTimeAugmentation'];
  readonly cascade: boolean;
  /** Sorted. */
  readonly slices: readonly string[];
}

export interface NewEvaluation extends EvaluationSubject {
  readonly id: string;
  readonly modelName: string | null;
  readonly datasetName: string;
  readonly images: number;
  /** Networks that were assembled from the checkpoint for an earlier evaluation. */
  readonly serving: Serving | null;
  readonly setup: StoredSetup;
}

/** Blobs of networks by variant. */
export type Serving = Readonly<Record<string, BlobUri>>;

/**
 * Inserts an evaluation with its parts of so many images. The part of the figures follows when these are finished. Where its
 * network must be assembled first, that is its only part for now.
 */
export async function insertEvaluation(
  tx: Transaction,
  { setup, serving, slices, ...row }: NewEvaluation,
  imagesPerPart: number,
): Promise<Evaluation> {
  const { id, tenant, images } = row;
  const answering = cutIntoParts(images, imagesPerPart);
  const isAssembled = setup.network !== null;
  const parts = answering.length + (isAssembled ? 1 : 2);
  const stored = { setup: toJson(setup), ...(serving && { serving: toJson(serving) }) };
  const evaluation = await tx.evaluation.create({ data: { ...row, ...stored, slices: [...slices], parts } });
  const first = isAssembled ? answering : [{ id: newId('part'), number: 0, first: 0, count: 0 }];
  await tx.evaluationPart.createMany({ data: first.map((part) => ({ ...part, evaluationId: id, tenant })) });
  notify(tx, 'strata_evaluation');
  return evaluation;
}

/** Cuts the images of an evaluation into parts, in place of the part that assembled its networks. It is locked. */
export async function startAnswers(
  tx: Transaction,
  id: string,
  serving: Serving,
  imagesPerPart: number,
): Promise<void> {
  const { tenant, images, cascade, variant, setup } = await tx.evaluation.findUniqueOrThrow({
    where: { id },
  });
  const { assembly: _, ...kept } = setup;
  if (!serving[variant] || (cascade && !serving.compact))
    throw new Error(`the trainer assembled no ${variant} network for ${id}`);
  const networks = { network: serving[variant], compact: cascade ? serving.compact : null };
  await tx.evaluationPart.deleteMany({ where: { evaluationId: id } });
  await tx.evaluationPart.createMany({
    data: cutIntoParts(images, imagesPerPart).map((part) => {
      return { ...part, number: part.number + 1, evaluationId: id, tenant };
    }),
  });
  await tx.evaluation.update({
    where: { id },
    data: { setup: toJson({ ...kept, ...networks }), serving: toJson(serving), partsDone: { increment: 1 } },
  });
  notify(tx, 'strata_evaluation');
}

/** The networks of a checkpoint that the newest of its evaluations holds; null where none does. */
export async function findAssembled(
  db: Queryable,
  tenant: string,
  jobId: string,
  checkpointId: string,
): Promise<Serving | null> {
  const row = await db.evaluation.findFirst({
    where: { tenant, jobId, checkpointId, NOT: { serving: { equals: Prisma.DbNull } } },
    orderBy: { id: 'desc' },
    select: { serving: true },
  });
  return row?.serving ?? null;
}

/** The newest evaluation of a subject that has neither failed nor been cancelled. */
export function findSame(
  db: Queryable,
  { slices, ...subject }: EvaluationSubject,
): Promise<Evaluation | null> {
  return db.evaluation.findFirst({
    where: { ...subject, slices: { equals: [...slices] }, state: { in: ['queued', 'running', 'succeeded'] } },
    orderBy: { id: 'desc' },
  });
}

export function findEvaluation(db: Queryable, tenant: string, id: string): Promise<Evaluation | null> {
  return db.evaluation.findUnique({ where: { id, tenant } });
}

export interface EvaluationQuery {
  readonly tenant: string;
  readonly modelId: string | null;
  readonly jobId: string | null;
  /** The last id of the previous page. */
  readonly after: string | null;
  readonly limit: number;
}

/** The newest first. */
export function findEvaluations(
  db: Queryable,
  { tenant, modelId, jobId, after, limit }: EvaluationQuery,
): Promise<Evaluation[]> {
  const subject = { ...(modelId !== null && { modelId }), ...(jobId !== null && { jobId }) };
  return db.evaluation.findMany({
    where: { tenant, ...subject, ...(after !== null && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

export function countEvaluations(db: Queryable, tenant: string): Promise<number> {
  return db.evaluation.count({ where: { tenant } });
}

/** @returns whether there was one; so does `cancelEvaluation` for one that was not ended */
export async function deleteEvaluation(tx: Transaction, tenant: string, id: string): Promise<boolean> {
  const { count } = await tx.evaluation.deleteMany({ where: { id, tenant } });
  notify(tx, 'strata_evaluation');
  return count > 0;
}

const locked = statement('lock-evaluation', { state: COLUMNS.evaluation.state });

/** Locks an evaluation: always before its parts. @returns whether it has not ended; false also where it is gone */
export async function lockUnfinished(tx: Transaction, id: string): Promise<boolean> {
  const row = await locked.first(tx, Prisma.sql`SELECT state FROM evaluation WHERE id = ${id} FOR UPDATE`);
  return row?.state === 'queued' || row?.state === 'running';
}

/** The end of an evaluation. */
export type EvaluationEnd =
  | {
      readonly state: 'succeeded';
      readonly figures: Schemas['EvaluationFigures'];
      readonly predictionsUri: string;
    }
  | { readonly state: 'failed'; readonly error: Schemas['EvaluationError'] }
  | { readonly state: 'cancelled' };

/** Ends an evaluation that is locked and unfinished. Its parts go. */
export async function endEvaluation(tx: Transaction, id: string, end: EvaluationEnd): Promise<void> {
  await tx.evaluationPart.deleteMany({ where: { evaluationId: id } });
  await tx.evaluation.update({
    where: { id },
    data: {
      state: end.state,
      ...(end.state === 'succeeded' && {
        figures: toJson(end.figures),
        predictionsUri: end.predictionsUri,
      }),
      ...(end.state === 'failed' && { error: toJson(end.error) }),
    },
  });
  await tx.$executeRaw`UPDATE evaluation SET finished_at = now() WHERE id = ${id}`;
  notify(tx, 'strata_evaluation');
}
