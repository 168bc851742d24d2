import { roundsOf } from '../../method/rounds.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { factsOf } from '../store/dataset-facts.js';
import type { SpentBudget } from '../store/due-jobs.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { lastTrainedRound } from '../store/task-cuts.js';
import { cutAfter } from './cut-after.js';
import { requestPause } from './pause.js';
import { requestStop } from './stop.js';

/** Does what the spec of a job says for the time when its `max_device_seconds` are spent, once. */
export async function spendBudget(db: Database, { id, amount, then }: SpentBudget): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockJob(tx, id);
    if (job === null || job.stopAs !== null || !(await isFirst(tx, job))) return;
    const spent = `the job has used its max_device_seconds of ${amount}`;
    if (then === 'fail') return fail(tx, job, spent);
    if (then === 'finish') return finish(tx, job, spent);
    await appendEvents(tx, id, { type: 'job.budget_spent', message: `${spent} and is being paused` });
    await requestPause(tx, job);
  });
}

/** Another dispatcher may have been quicker. */
async function isFirst(tx: Transaction, { id, now }: LockedJob): Promise<boolean> {
  const marked = await tx.job.updateMany({
    where: { id, budgetSpentAt: null },
    data: { budgetSpentAt: now },
  });
  return marked.count === 1;
}

async function fail(tx: Transaction, job: LockedJob, message: string): Promise<void> {
  const at = { stage: null, step: null, tensor: null };
  const error = { code: 'max_device_seconds_exceeded', message, ...at };
  await requestStop(tx, job, { as: 'failed', now: true, error });
}

async function finish(tx: Transaction, job: LockedJob, spent: string): Promise<void> {
  const { spec, earlyEnd, dataset } = await tx.job.findUniqueOrThrow({
    where: { id: job.id },
    select: { spec: true, earlyEnd: true, dataset: true },
  });
  const facts = factsOf(dataset);
  // Without a trained round there would be nothing to join.
  const round = Math.max(0, (await lastTrainedRound(tx, job.id)) ?? 0);
  if (earlyEnd !== null || round >= roundsOf(spec, facts).parallelRounds - 1) {
    const message = `${spent}; its layer-parallel phase has ended, so it goes on to its end`;
    await appendEvents(tx, job.id, { type: 'job.budget_spent', message });
    return;
  }
  const message = `${spent}: the layer-parallel phase ends after round ${round}`;
  const event = { message, data: { reason: 'budget', round } };
  await cutAfter(tx, job, { spec, facts }, { reason: 'budget', round }, event);
  notify(tx, 'strata_dispatch');
}
