import type { Queryable } from './connection/database.js';

/** A job as an ancestor of a model, with what it came from. */
export async function findAncestor(db: Queryable, tenant: string, jobId: string) {
  const job = await db.job.findUnique({
    where: { id: jobId, tenant },
    select: {
      id: true,
      name: true,
      createdAt: true,
      spec: true,
      initial: true,
      parentId: true,
      dataset: { select: { id: true, name: true, sha256: true } },
      model: {
        select: {
          id: true,
          name: true,
          createdAt: true,
          version: { select: { version: true } },
          provenance: true,
        },
      },
    },
  });
  if (job === null) return null;
  const trial = await db.sweepTrial.findFirst({
    where: { jobId },
    select: { sweep: { select: { id: true, name: true, createdAt: true } } },
  });
  return { ...job, sweep: trial?.sweep ?? null };
}
export type Ancestor = NonNullable<Awaited<ReturnType<typeof findAncestor>>>;

/** The job of a model of the tenant; null where the model was deleted. */
export async function jobOfModel(db: Queryable, tenant: string, modelId: string): Promise<string | null> {
  const model = await db.model.findUnique({ where: { id: modelId, tenant }, select: { jobId: true } });
  return model?.jobId ?? null;
}

/** The newest things that say something of a model. */
export async function findDescendants(db: Queryable, tenant: string, modelId: string, take: number) {
  const newest = { where: { tenant, modelId }, orderBy: { id: 'desc' }, take } as const;
  const [evaluations, promotions, reproductions] = await Promise.all([
    db.evaluation.findMany({
      ...newest,
      select: {
        id: true,
        variant: true,
        datasetName: true,
        split: true,
        state: true,
        figures: true,
        createdAt: true,
      },
    }),
    promotionsOf(db, tenant, modelId, take),
    db.reproduction.findMany(newest),
  ]);
  return { evaluations, promotions, reproductions };
}

/** By its name first: promotions have an index of names. */
async function promotionsOf(db: Queryable, tenant: string, modelId: string, take: number) {
  const { name } = await db.model.findUniqueOrThrow({ where: { id: modelId }, select: { name: true } });
  return db.promotion.findMany({
    where: { tenant, modelName: name, modelId },
    orderBy: { id: 'desc' },
    take,
    select: { id: true, alias: true, state: true, createdAt: true },
  });
}
