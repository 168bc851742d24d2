import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { roundsOf } from '../../method/rounds.js';
import { decidingRounds } from '../../planning/stopping/deciding-rounds.js';
import { type EarlyStop, type EarlyStopping, earlyStop } from '../../planning/stopping/early-stop.js';
import { evaluateKey } from '../../planning/tasks/task-graph.js';
import type { Transaction } from '../store/connection/database.js';
import { factsOf } from '../store/dataset-facts.js';
import type { LockedJob } from '../store/jobs.js';
import { valuesOfEvaluations } from '../store/task-cuts.js';
import { cutAfter } from './cut-after.js';

/**
 * Ends the layer-parallel phase of a locked job if the evaluations that its rows hold say so, once. It runs in the transaction
 * that records an evaluation, so no evaluation is stored without its decision.
 * @returns the number of tasks that became claimable
 */
export async function endPhaseEarly(tx: Transaction, job: LockedJob): Promise<number> {
  const { spec, earlyEnd, dataset } = await tx.job.findUniqueOrThrow({
    where: { id: job.id },
    select: { spec: true, earlyEnd: true, dataset: true },
  });
  // Jobs of earlier versions have no such field.
  const rule = spec.early_stopping ?? null;
  if (rule === null || earlyEnd !== null) return 0;
  const facts = factsOf(dataset);
  const stop = await decide(tx, job.id, rule, spec, facts);
  if (stop === null) return 0;
  const event = { message: messageOf(rule, stop), data: { ...stop, metric: rule.metric } };
  return cutAfter(tx, job, { spec, facts }, { reason: stop.reason, round: stop.round }, event);
}

/** Evaluations may end in another order than their rounds: one counts when all before it are there. */
async function decide(
  tx: Transaction,
  jobId: string,
  rule: EarlyStopping,
  spec: ResolvedSpec,
  facts: DatasetFacts,
): Promise<EarlyStop | null> {
  const values = await valuesOfEvaluations(tx, jobId, rule.metric);
  const deciding = decidingRounds(spec, roundsOf(spec, facts));
  const missing = deciding.findIndex(({ round }) => !values.has(evaluateKey(round)));
  const known = missing < 0 ? deciding : deciding.slice(0, missing);
  return earlyStop(
    rule,
    known.map((place) => ({ ...place, value: values.get(evaluateKey(place.round)) ?? null })),
  );
}

function messageOf({ metric, patience }: EarlyStopping, { reason, round, value, best }: EarlyStop): string {
  const phase = `the layer-parallel phase ends after round ${round}`;
  if (reason === 'target') return `${phase}: ${metric} is ${value} and has reached its target`;
  const found = best === null ? 'none was a number' : `the best was ${best.value} after round ${best.round}`;
  return `${phase}: ${patience} evaluations without progress of ${metric}; ${found}`;
}
