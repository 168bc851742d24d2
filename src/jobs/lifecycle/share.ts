import type { Database } from '../store/connection/database.js';
import { appendEvents } from '../store/events.js';
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
  return db.$transaction(async (tx) => {
    const job = await lockJob(tx, task.jobId);
    if (job === null || !(await setSlots(tx, task, devices.length))) return false;
    await appendEvents(tx, job.id, {
      type: 'task.shared',
      message: `${describe(task)} runs on ${devices.length} slots: ${devices.join(', ')}`,
      data: taskData(task, { devices }),
    });
    return true;
  });
}
