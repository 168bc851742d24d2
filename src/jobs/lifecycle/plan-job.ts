import { messageOf } from '../../contract/message-of.js';
import { needsOf, type PlannedTask, planTasks } from '../../planning/tasks/task-graph.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { factsOf } from '../store/dataset-facts.js';
import { lockUnplannedJob } from '../store/due-jobs.js';
import { newId } from '../store/ids.js';
import { lockJob, markPlanned } from '../store/jobs.js';
import { insertDependencies } from '../store/task-dependencies.js';
import { insertTasks } from '../store/tasks.js';
import { requestStop } from './stop.js';

/** Gives a job its tasks. @returns false where it has them, or another dispatcher is about to do so */
export async function planJob(db: Database, id: string): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const isOurs = await lockUnplannedJob(tx, id);
    if (isOurs) await planLocked(tx, id);
    return isOurs;
  });
}

async function planLocked(tx: Transaction, id: string): Promise<void> {
  const row = await tx.job.findUniqueOrThrow({ where: { id }, include: { dataset: true } });
  await markPlanned(tx, id);
  let plan: PlannedTask[];
  try {
    plan = planTasks(row.spec, factsOf(row.dataset));
  } catch (error) {
    // The spec was accepted, but cannot be planned. This job must not block the others.
    const message = `the job cannot be planned: ${messageOf(error)}`;
    const job = await lockJob(tx, id);
    if (job === null) return;
    await requestStop(tx, job, {
      as: 'failed',
      now: true,
      error: { code: 'internal', message, stage: null, step: null, tensor: null },
    });
    return;
  }
  await storePlan(tx, id, plan);
  await notify(tx, 'strata_dispatch');
}

async function storePlan(tx: Transaction, jobId: string, plan: readonly PlannedTask[]): Promise<void> {
  const ids = new Map(plan.map((task) => [task.key, newId('task')]));
  const idOf = (key: string): string => {
    const id = ids.get(key);
    if (id === undefined) throw new Error(`the plan of ${jobId} contains an unknown task ${key}`);
    return id;
  };
  await insertTasks(
    tx,
    jobId,
    plan.map((task) => ({ ...task, id: idOf(task.key), waiting: needsOf(task).length })),
  );
  const dependencies = plan.flatMap((task) =>
    needsOf(task).map((key) => ({ taskId: idOf(task.key), needsId: idOf(key) })),
  );
  await insertDependencies(tx, dependencies);
}
