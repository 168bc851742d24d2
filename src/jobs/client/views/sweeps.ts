import type { Sweep, Trial } from '../../../contract/client/sweeps.js';
import { bestOf, summarize, type TrialSummary } from '../../../planning/sweeps/summary.js';
import type { TrialState } from '../../../planning/sweeps/types.js';
import type { SweepRow } from '../../store/rows.js';
import type { TrialRun } from '../../store/sweep-trials.js';

/** The parts of a run that its views show. */
export type ShownRun = Omit<TrialRun, 'sweepId' | 'held'>;

export function toTrials(runs: readonly ShownRun[]): Trial[] {
  return summarize(runs).map(toTrial);
}

function toTrial({ runs, ...trial }: TrialSummary<ShownRun>): Trial {
  return {
    object: 'trial',
    ...trial,
    parameters: { ...runs[0]?.parameters },
    runs: runs.map(({ repeat, seed, state, jobId, value, seconds, rung, rungs, reached }) => {
      return {
        repeat,
        seed,
        state,
        job_id: jobId,
        value,
        device_seconds: seconds,
        rung,
        rungs: rungs.map((round, index) => ({ round, value: reached[index]?.value ?? null })),
      };
    }),
  };
}

/** @param cost of all trials */
export function toSweep(
  row: Omit<SweepRow, 'tenant'>,
  runs: readonly ShownRun[],
  cost: Sweep['cost'],
): Sweep {
  const trials = summarize(runs);
  const best = bestOf(trials, row.spec.objective);
  const self = `/sweeps/${row.id}`;
  return {
    id: row.id,
    object: 'sweep',
    name: row.name,
    metadata: row.metadata,
    state: stateOf(row, best !== null),
    ended: row.ended,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
    spec: row.spec,
    counts: { ...countsOf(trials), refused: row.refused },
    best: best && toTrial(best),
    spent: { device_seconds: runs.reduce((sum, { seconds }) => sum + seconds, 0) },
    refused: row.refusal,
    refit_job_id: row.refitJobId,
    cost,
    links: { self, trials: `${self}/trials`, jobs: `/jobs?sweep=${row.id}` },
  };
}

function stateOf(
  { ended, finishedAt, pausedAt }: Omit<SweepRow, 'tenant'>,
  hasBest: boolean,
): Sweep['state'] {
  if (finishedAt === null) {
    if (ended !== null) return 'stopping';
    return pausedAt === null ? 'running' : 'paused';
  }
  if (ended === 'cancelled') return 'cancelled';
  return ended === 'failed_trials' || !hasBest ? 'failed' : 'succeeded';
}

function countsOf(trials: readonly { readonly state: TrialState }[]): Record<TrialState, number> {
  const counts = { waiting: 0, running: 0, paused: 0, pruned: 0, succeeded: 0, failed: 0, cancelled: 0 };
  for (const { state } of trials) counts[state] += 1;
  return counts;
}
