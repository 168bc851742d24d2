import type { TaskAssignment } from '../../contract/trainer-protocol.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { appendEvents } from '../store/events.js';
import { assignSeat, findTakenSeats, type TakenSeat, withdrawSeats } from '../store/gang-seats.js';
import { lockJob } from '../store/jobs.js';
import { type ClaimedTask, setSlots } from '../store/tasks.js';
import { describe, taskData } from './task-events.js';

/**
 * Records that several slots of a worker run an attempt: all of them count in the usage of the job and in the share of its
 * tenant.
 * @param devices those of all slots, in the order of the stages
 * @returns false for a stale attempt, which changes nothing
 */
export function recordShared(db: Database, task: ClaimedTask, devices: readonly string[]): Promise<boolean> {
  return db.$transaction((tx) => shared(tx, task, devices, []));
}

async function shared(
  tx: Transaction,
  task: ClaimedTask,
  devices: readonly string[],
  guests: readonly TakenSeat[],
): Promise<boolean> {
  const job = await lockJob(tx, task.jobId);
  const all = [...devices, ...guests.map(({ device }) => device)];
  if (job === null || !(await setSlots(tx, task, all.length))) return false;
  if (all.length === 1) return true;
  const names = [...devices, ...guests.map(({ device, workerId }) => `${device} of ${workerId}`)];
  await appendEvents(tx, job.id, {
    type: 'task.shared',
    message: `${describe(task)} runs on ${all.length} slots: ${names.join(', ')}`,
    data: taskData(task, {
      devices: all,
      ...(guests.length > 0 && { guests: guests.map(({ workerId }) => workerId) }),
    }),
  });
  return true;
}

/** Makes the task of each trainer on another worker, by the id of its seat. */
export type Assign = (guests: readonly TakenSeat[]) => readonly (readonly [id: string, TaskAssignment])[];

/**
 * Ends the search for members of a gang, all or nothing: who has taken a seat by now takes part and is told what to do, and no
 * seat is left to take.
 * @param devices those of this worker
 * @returns the seats that are taken; none for a stale attempt, which changes nothing
 */
export function closeGang(
  db: Database,
  task: ClaimedTask,
  devices: readonly string[],
  assign: Assign,
): Promise<readonly TakenSeat[]> {
  return db.$transaction(async (tx) => {
    await withdrawSeats(tx, task);
    const guests = await findTakenSeats(tx, task);
    if (!(await shared(tx, task, devices, guests))) return [];
    for (const [id, assignment] of assign(guests)) await assignSeat(tx, id, assignment);
    return guests;
  });
}
