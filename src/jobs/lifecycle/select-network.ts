import { candidatesAfter, finalizeOf, selectBest } from '../../planning/stopping/select-best.js';
import { type Transaction, toJson } from '../store/connection/database.js';
import { factsOf } from '../store/dataset-facts.js';
import { appendEvents } from '../store/events.js';
import type { LockedJob } from '../store/jobs.js';
import { rewireTasks, valuesOfEvaluations } from '../store/task-cuts.js';

/**
 * Once every evaluation of the last phase of a locked job is there, lets `finalize` read the best network, once. It runs in the
 * transaction after which `finalize` may start.
 */
export async function selectNetwork(tx: Transaction, job: LockedJob): Promise<void> {
  const { spec, earlyEnd, selected, dataset } = await tx.job.findUniqueOrThrow({
    where: { id: job.id },
    select: { spec: true, earlyEnd: true, selected: true, dataset: true },
  });
  // Jobs of earlier versions have no such field.
  if (spec.selection?.keep !== 'best' || selected !== null) return;
  const facts = factsOf(dataset);
  const lastRound = earlyEnd?.round ?? null;
  const { metric } = spec.selection;
  const values = await valuesOfEvaluations(tx, job.id, metric);
  const candidates = candidatesAfter(spec, facts, lastRound);
  if (!candidates.every(({ key }) => values.has(key))) return;
  const evaluated = candidates.map((one) => ({ ...one, value: values.get(one.key) ?? null }));
  const best = selectBest(spec.selection, evaluated);
  if (best === null) return;
  const { round, checkpoint, step, value } = best;
  const choice = { checkpoint, step, metric, value };
  await tx.job.update({ where: { id: job.id }, data: { selected: toJson(choice) } });
  await rewireTasks(tx, job.id, [finalizeOf(spec, facts, lastRound, round)]);
  const message = `finalize exports the network of ${checkpoint}, which has the best ${metric}: ${value}`;
  await appendEvents(tx, job.id, { type: 'job.network_selected', message, data: choice });
}
