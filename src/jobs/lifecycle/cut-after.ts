import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { cutPhase } from '../../planning/stopping/cut-phase.js';
import type { EarlyEnd } from '../store/columns.js';
import { type Transaction, toJson } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import type { LockedJob } from '../store/jobs.js';
import { type DroppedTask, dropTasks, rewireTasks } from '../store/task-cuts.js';
import { selectNetwork } from './select-network.js';
import { describe, taskData } from './task-events.js';

/**
 * Ends the layer-parallel phase of a locked job after a round: later rounds are dropped, and the
 * joined network goes on from that one.
 * @returns the number of tasks that became claimable
 */
export async function cutAfter(
  tx: Transaction,
  job: LockedJob,
  { spec, facts }: { readonly spec: ResolvedSpec; readonly facts: DatasetFacts },
  end: EarlyEnd,
  event: Pick<NewEvent, 'message' | 'data'>,
): Promise<number> {
  const cut = cutPhase(spec, facts, end.round);
  await tx.job.update({ where: { id: job.id }, data: { earlyEnd: toJson(end) } });
  const dropped = await dropTasks(tx, job.id, cut.dropped);
  const opened = await rewireTasks(tx, job.id, cut.rewired);
  await selectNetwork(tx, job);
  await appendEvents(tx, job.id, { type: 'job.phase_ended', ...event });
  for (const task of dropped.filter(({ ran }) => ran)) await appendEvents(tx, job.id, droppedEvent(task));
  // Workers find at once that they have lost these claims.
  notify(tx, 'strata_stop', job.id);
  return opened;
}

function droppedEvent(task: DroppedTask): NewEvent {
  const message = `${describe(task)} is dropped: its round is not needed any more`;
  return { type: 'task.dropped', message, data: taskData(task) };
}
