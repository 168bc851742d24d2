import type { EvaluationSetup } from '../../contract/evaluator-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { COLUMNS } from './columns.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { cutIntoParts } from './parts.js';
import type { Evaluation } from './rows.js';

type Schemas = components['schemas'];

/** The subject of an evaluation: two of the same subject would get the same figures. */
export interface EvaluationSubject {
  readonly tenant: string;
  readonly modelId: string;
  readonly variant: Schemas['ModelVariantName'];
  readonly datasetId: string;
  readonly datasetSha256: string;
  readonly split: Schemas['EvaluationSplit'];
  readonly tta: Schemas['TestTimeAugmentation'];
  readonly cascade: boolean;
}

export interface NewEvaluation extends EvaluationSubject {
  readonly id: string;
  readonly modelName: string;
  readonly datasetName: string;
  readonly images: number;
  readonly setup: EvaluationSetup;
}

/** Inserts an evaluation with its parts of so many images. The part of the figures follows when these are finished. */
export async function insertEvaluation(
  tx: Transaction,
  { setup, ...row }: NewEvaluation,
  imagesPerPart: number,
): Promise<Evaluation> {
  const { id, tenant, images } = row;
  const answering = cutIntoParts(images, imagesPerPart);
  const evaluation = await tx.evaluation.create({
    data: { ...row, setup: toJson(setup), parts: answering.length + 1 },
  });
  await tx.evaluationPart.createMany({
    data: answering.map((part) => ({ ...part, evaluationId: id, tenant })),
  });
  notify(tx, 'strata_evaluation');
  return evaluation;
}

/** The newest evaluation of a subject that has neither failed nor been cancelled. */
export function findSame(db: Queryable, subject: EvaluationSubject): Promise<Evaluation | null> {
  return db.evaluation.findFirst({
    where: { ...subject, state: { in: ['queued', 'running', 'succeeded'] } },
    orderBy: { id: 'desc' },
  });
}

export function findEvaluation(db: Queryable, tenant: string, id: string): Promise<Evaluation | null> {
  return db.evaluation.findUnique({ where: { id, tenant } });
}

export interface EvaluationQuery {
  readonly tenant: string;
  readonly modelId: string | null;
  /** The last id of the previous page. */
  readonly after: string | null;
  readonly limit: number;
}

/** The newest first. */
export function findEvaluations(
  db: Queryable,
  { tenant, modelId, after, limit }: EvaluationQuery,
): Promise<Evaluation[]> {
  return db.evaluation.findMany({
    where: { tenant, ...(modelId !== null && { modelId }), ...(after !== null && { id: { lt: after } }) },
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
