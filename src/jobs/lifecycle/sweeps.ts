import { isTerminal, type JobState } from '../../contract/states.js';
import { type Decision, decide, type RunFacts } from '../../planning/sweeps/decide.js';
import { bestOf, scoreOf, summarize } from '../../planning/sweeps/summary.js';
import type { TrialState } from '../../planning/sweeps/types.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { tagsOf } from '../store/model-tags.js';
import { deleteModel, modelIds } from '../store/models.js';
import type { SweepRow } from '../store/rows.js';
import {
  changeRun,
  findRuns,
  insertJobOfRun,
  jobStateOf,
  observeRuns,
  type RunPlace,
  setJobOfRun,
  valuesAtRounds,
} from '../store/sweep-trials.js';
import { changeSweep, finishSweep, lockSweep } from '../store/sweeps.js';
import { requestPause, resume } from './pause.js';
import { requestStop } from './stop.js';

/**
 * Looks at the jobs of a sweep, decides from the rows alone what is next, and does it, in one transaction under the
 * lock of the sweep. A process that dies on the way has done nothing, and the next one decides the same.
 * @returns why the search ended, if it ended now
 */
export async function advanceSweep(db: Database, id: string): Promise<SweepRow['ended']> {
  return db.$transaction(async (tx) => {
    const sweep = await lockSweep(tx, id, 'skip');
    if (sweep === null || sweep.finishedAt !== null) return null;
    await recordRungs(tx, sweep);
    await recordRuns(tx, sweep);
    const runs = await findRuns(tx, [id]);
    const decision = decide({
      spec: sweep.spec,
      ended: sweep.ended,
      isPaused: sweep.pausedAt !== null,
      refit: await stateOfRefit(tx, sweep),
      runs,
    });
    await apply(tx, sweep, decision);
    if (decision.isOver) await finish(tx, sweep, runs);
    return sweep.ended === null ? decision.ended : null;
  });
}

async function stateOfRefit(tx: Transaction, { refitJobId }: SweepRow): Promise<'running' | 'ended' | null> {
  if (refitJobId === null) return null;
  const state = await jobStateOf(tx, refitJobId);
  return state === null || isTerminal('job', state) ? 'ended' : 'running';
}

/** Stores the values of rungs that have been reached since the last look. A value that is stored never changes. */
async function recordRungs(tx: Transaction, { id, spec }: SweepRow): Promise<void> {
  if (spec.stopping.type === 'none') return;
  const values = await valuesAtRounds(tx, id, spec.objective.metric);
  if (values.length === 0) return;
  for (const run of await findRuns(tx, [id])) {
    const own = values.filter(({ number, repeat }) => number === run.number && repeat === run.repeat);
    const reached = [...run.reached];
    for (const round of run.rungs.slice(reached.length)) {
      const at = own.find((value) => value.round === round);
      if (at === undefined) break;
      reached.push({ value: at.value, order: at.order ?? 0 });
    }
    if (reached.length > run.reached.length) await changeRun(tx, id, run, { reached });
  }
}

/** Stores what the jobs of unfinished runs have come to. */
async function recordRuns(tx: Transaction, { id, spec }: SweepRow): Promise<void> {
  for (const { jobState, value, seconds, ...place } of await observeRuns(tx, id, spec.objective.metric)) {
    const state = endOfRun(jobState, value);
    if (state === null) continue;
    await changeRun(tx, id, place, {
      state,
      seconds,
      held: false,
      value: state === 'succeeded' ? value : null,
    });
  }
}

/** The state of a run whose job has ended; null before. A job without the figure cannot be compared. */
function endOfRun(jobState: JobState | null, value: number | null): TrialState | null {
  if (jobState === null || jobState === 'cancelled') return 'cancelled';
  if (jobState === 'failed') return 'failed';
  if (jobState !== 'succeeded') return null;
  return value === null ? 'failed' : 'succeeded';
}

async function apply(tx: Transaction, sweep: SweepRow, decision: Decision): Promise<void> {
  const { id } = sweep;
  if (decision.ended !== null && sweep.ended === null) await changeSweep(tx, id, { ended: decision.ended });
  for (const run of decision.start) await start(tx, id, run);
  for (const run of decision.hold) {
    await withJob(tx, run, requestPause);
    await changeRun(tx, id, run, { state: 'paused', held: true });
  }
  for (const { run, rung } of decision.pass) await changeRun(tx, id, run, { rung });
  for (const run of decision.release) {
    await withJob(tx, run, resume);
    await changeRun(tx, id, run, { state: 'running', held: false });
  }
  for (const run of decision.prune) {
    await withJob(tx, run, cancel);
    await changeRun(tx, id, run, { state: 'pruned', held: false });
  }
  for (const run of decision.cancel) {
    if (run.jobId === null) await changeRun(tx, id, run, { state: 'cancelled' });
    else await withJob(tx, run, cancel);
  }
  if (decision.refit !== null) {
    const jobId = await queued(tx, id, { number: decision.refit, repeat: 0 }, 'refit');
    if (jobId !== null) await changeSweep(tx, id, { refitJobId: jobId });
  }
}

async function cancel(tx: Transaction, job: LockedJob): Promise<void> {
  await requestStop(tx, job, { as: 'cancelled', now: false });
}

async function start(tx: Transaction, sweepId: string, run: RunPlace): Promise<void> {
  const jobId = await queued(tx, sweepId, run, 'job');
  // Without its dataset the job cannot be stored.
  if (jobId === null) await changeRun(tx, sweepId, run, { state: 'failed', seconds: 0 });
  else await setJobOfRun(tx, sweepId, run, jobId);
}

async function queued(
  tx: Transaction,
  sweepId: string,
  run: RunPlace,
  which: 'job' | 'refit',
): Promise<string | null> {
  const jobId = await insertJobOfRun(tx, sweepId, run, which);
  if (jobId === null) return null;
  await appendEvents(tx, jobId, { type: 'job.queued', message: 'the job is waiting for a worker' });
  notify(tx, 'strata_dispatch');
  return jobId;
}

/** Changes the job of a run under its lock, unless it has ended or is about to. */
async function withJob(
  tx: Transaction,
  { jobId }: RunFacts,
  change: (tx: Transaction, job: LockedJob) => Promise<void>,
): Promise<void> {
  const job = jobId === null ? null : await lockJob(tx, jobId);
  if (job !== null && !isTerminal('job', job.state) && job.stopAs === null) await change(tx, job);
}

/** Deletes the models that are not to be kept, and closes the sweep. */
async function finish(tx: Transaction, { id, spec }: SweepRow, runs: readonly RunFacts[]): Promise<void> {
  const kept = spec.keep.models;
  if (kept !== null) {
    const trials = summarize(runs);
    const ranked = trials.toSorted(
      (a, b) => scoreOf(spec.objective, b.value) - scoreOf(spec.objective, a.value),
    );
    const best = bestOf(trials, spec.objective);
    const others = ranked.slice(kept).filter((trial) => trial !== best);
    await deleteModels(
      tx,
      others.flatMap((trial) => trial.runs.flatMap(({ jobId }) => jobId ?? [])),
    );
  }
  await finishSweep(tx, id);
}

async function deleteModels(tx: Transaction, jobIds: readonly string[]): Promise<void> {
  for (const model of (await modelIds(tx, jobIds)).values()) {
    if ((await tagsOf(tx, model)).length === 0) await deleteModel(tx, model);
  }
}
