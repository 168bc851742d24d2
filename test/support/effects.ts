import assert from 'node:assert/strict';
import type { Strata } from './strata.js';

/**
 * Asserts that the effects of a job of the fake trainer are in Postgres: every task's effect exists, and exists
 * once.
 */
export async function assertEffectsOnce(strata: Strata, jobId: string): Promise<void> {
  await assertTasksOnce(strata, jobId);
  await assertMetricsOnce(strata, jobId);
  assert.equal((await strata.client.jobs.listJobArtifacts(jobId)).data.length, 2);
  await assertModelOnce(strata, jobId);
}

/** Every task of a job that succeeded has succeeded, and was recorded once. */
export async function assertTasksOnce(strata: Strata, jobId: string): Promise<void> {
  const tasks = (await strata.client.jobs.listJobTasks(jobId)).data;
  assert.deepEqual(
    tasks.filter((task) => task.state !== 'succeeded').map((task) => `${task.key} ${task.state}`),
    [],
  );
  const events = (await strata.client.jobs.listJobEvents(jobId, { after: 0, limit: 10_000 })).data;
  assert.deepEqual(
    events.map((event) => event.seq),
    events.map((_, index) => index + 1),
    'events are numbered without gaps',
  );
  const succeeded = events.filter((event) => event.type === 'task.succeeded').map((event) => event.data.task);
  assert.deepEqual([...succeeded].sort(), tasks.map((task) => task.key).sort());
  assert.equal(events.filter((event) => event.type === 'job.succeeded').length, 1);
  assert.equal(events.at(-1)?.type, 'job.succeeded');
}

async function assertModelOnce(strata: Strata, jobId: string): Promise<void> {
  const { rows } = await strata.sql.query('SELECT id FROM model WHERE job_id = $1', [jobId]);
  assert.deepEqual(
    rows.map(({ id }) => id),
    [(await strata.client.jobs.getJob(jobId))?.result?.model_id],
  );
}

async function assertMetricsOnce(strata: Strata, jobId: string): Promise<void> {
  const series = (await strata.client.jobs.listJobMetrics(jobId, { points: 10_000 })).data;
  assert.ok(series.length > 0);
  for (const { name, stage, points } of series) {
    const steps = points.map(([step]) => step);
    assert.deepEqual(
      steps,
      steps.map((_, index) => index),
      `${name} of stage ${stage} has every step once`,
    );
  }
}

/** Attempts of each task, by key. */
export async function attemptsOf(strata: Strata, jobId: string): Promise<Record<string, number>> {
  const tasks = (await strata.client.jobs.listJobTasks(jobId)).data;
  return Object.fromEntries(tasks.map((task) => [task.key, task.attempt]));
}

/** Tasks that needed more than one attempt. */
export async function repeatedTasks(strata: Strata, jobId: string): Promise<string[]> {
  const attempts = await attemptsOf(strata, jobId);
  return Object.keys(attempts).filter((key) => (attempts[key] ?? 0) > 1);
}
