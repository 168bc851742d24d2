import { messageOf } from '../../contract/message-of.js';
import { type CarriedTask, planExtension } from '../../planning/tasks/extension.js';
import { needsOf, type PlannedTask, planTasks } from '../../planning/tasks/task-graph.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { factsOf } from '../store/dataset-facts.js';
import { lockUnplannedJobs } from '../store/due-jobs.js';
import { newId } from '../store/ids.js';
import { lockJob, markPlanned } from '../store/jobs.js';
import { type Dependency, insertDependencies } from '../store/task-dependencies.js';
import { insertTasks, type NewTask } from '../store/tasks.js';
import { requestStop } from './stop.js';

/**
 * Gives jobs their tasks, in one transaction.
 * @returns the ids of those that it planned: the others have their tasks, or another dispatcher is about to plan them
 */
export async function planJobsTogether(db: Database, ids: readonly string[]): Promise<string[]> {
  return db.$transaction(async (tx) => {
    const ours = await lockUnplannedJobs(tx, ids);
    if (ours.length === 0) return [];
    const rows = await tx.job.findMany({ where: { id: { in: ours } }, include: { dataset: true } });
    await markPlanned(tx, ours);
    const graphs: TaskRows[] = [];
    for (const { id, spec, dataset, carried } of rows) {
      const facts = factsOf(dataset);
      try {
        graphs.push(rowsOf(id, carried ? planExtension(spec, facts, carried) : planTasks(spec, facts)));
      } catch (error) {
        await failUnplannable(tx, id, error);
      }
    }
    await storeGraphs(tx, graphs);
    notify(tx, 'strata_dispatch');
    return ours;
  });
}

/** The spec was accepted, but cannot be planned. This job must not block the others. */
async function failUnplannable(tx: Transaction, id: string, cause: unknown): Promise<void> {
  const message = `the job cannot be planned: ${messageOf(cause)}`;
  const job = await lockJob(tx, id);
  if (job === null) return;
  await requestStop(tx, job, {
    as: 'failed',
    now: true,
    error: { code: 'internal', message, stage: null, step: null, tensor: null },
  });
}

/** The rows of a job's graph. */
interface TaskRows {
  readonly tasks: readonly NewTask[];
  readonly dependencies: readonly Dependency[];
}

function rowsOf(jobId: string, plan: readonly (PlannedTask | CarriedTask)[]): TaskRows {
  const open = (key: string) => !made.has(key);
  const made = new Set(plan.filter((task) => 'made' in task).map(({ key }) => key));
  const ids = new Map(plan.map((task) => [task.key, newId('task')]));
  const idOf = (key: string): string => {
    const id = ids.get(key);
    if (id === undefined) throw new Error(`the plan of ${jobId} contains an unknown task ${key}`);
    return id;
  };
  return {
    tasks: plan.map((task, position) => {
      const waiting = made.has(task.key) ? 0 : needsOf(task).filter(open).length;
      return {
        ...task,
        id: idOf(task.key),
        jobId,
        position,
        waiting,
        outputs: 'made' in task ? task.made : null,
      };
    }),
    dependencies: plan.flatMap((task) =>
      (made.has(task.key) ? [] : needsOf(task)).map((key) => ({
        taskId: idOf(task.key),
        needsId: idOf(key),
      })),
    ),
  };
}

/** Maximum number of tasks of one statement, unless a single job has more. */
const MAX_TASKS = 5_000;

async function storeGraphs(tx: Transaction, graphs: readonly TaskRows[]): Promise<void> {
  let tasks: NewTask[] = [];
  let dependencies: Dependency[] = [];
  const store = async () => {
    if (tasks.length > 0) await insertTasks(tx, tasks);
    if (dependencies.length > 0) await insertDependencies(tx, dependencies);
    [tasks, dependencies] = [[], []];
  };
  for (const graph of graphs) {
    if (tasks.length + graph.tasks.length > MAX_TASKS) await store();
    tasks = tasks.concat(graph.tasks);
    dependencies = dependencies.concat(graph.dependencies);
  }
  await store();
}
