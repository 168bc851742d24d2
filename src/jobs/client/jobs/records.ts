import type { JobsClient, MetricFilter } from '../../../contract/client/jobs.js';
import { findAttemptEvents } from '../../store/attempt-events.js';
import type { Database } from '../../store/connection/database.js';
import { findEvents } from '../../store/events.js';
import { findLogLines } from '../../store/log-lines.js';
import { thinnedSeries, toPoint, toSeries } from '../../store/metric-series.js';
import { MAX_STEP, streamPoints, writtenMetrics } from '../../store/metrics.js';
import { dependencyKeys } from '../../store/task-dependencies.js';
import { findTaskEnds, findTasks } from '../../store/tasks.js';
import { findTenantEvents, placeBefore } from '../../store/tenant-events.js';
import { thinMetrics } from '../../store/thin-metrics.js';
import { readJobUsage } from '../../store/usage.js';
import { requireJob } from '../require-job.js';
import { toAttempts } from '../views/attempts.js';
import { listOf, pageOf, toEvent, toLogLine, toTask, toTenantEvent } from '../views/parts.js';
import { toUsage } from '../views/usage.js';

type ListMethods = Pick<
  JobsClient,
  | 'listJobTasks'
  | 'listJobAttempts'
  | 'getJobUsage'
  | 'listJobEvents'
  | 'listEvents'
  | 'listJobLogs'
  | 'listJobMetrics'
  | 'streamJobMetrics'
>;

export function listMethods(db: Database, tenant: string): ListMethods {
  return {
    async listJobTasks(jobId) {
      await requireJob(db, tenant, jobId);
      const [rows, needs] = await Promise.all([findTasks(db, jobId), dependencyKeys(db, jobId)]);
      return listOf(rows.map((row) => toTask(row, needs.get(row.id) ?? [])));
    },
    async listJobAttempts(jobId) {
      await requireJob(db, tenant, jobId);
      const [events, tasks] = await Promise.all([findAttemptEvents(db, jobId), findTaskEnds(db, jobId)]);
      return listOf(toAttempts(events, tasks));
    },
    async getJobUsage(jobId) {
      await requireJob(db, tenant, jobId);
      const [events, tasks, figures] = await Promise.all([
        findAttemptEvents(db, jobId),
        findTaskEnds(db, jobId),
        readJobUsage(db, jobId),
      ]);
      return toUsage(jobId, toAttempts(events, tasks), figures);
    },
    async listJobEvents(jobId, { after, limit }) {
      await requireJob(db, tenant, jobId);
      const page = pageOf(await findEvents(db, jobId, after, limit + 1), limit, (row) => String(row.seq));
      return { ...page, data: page.data.map(toEvent) };
    },
    async listEvents({ since, types, limit }) {
      const asked = { tenant, types: types ?? null };
      const rows = await findTenantEvents(db, asked, placeBefore(since), limit + 1);
      const data = rows.slice(0, limit).map(toTenantEvent);
      return { object: 'list', data, has_more: rows.length > limit, next: null };
    },
    async listJobLogs(jobId, { after, task, limit }) {
      await requireJob(db, tenant, jobId);
      const rows = await findLogLines(db, jobId, { after, task: task ?? null }, limit + 1);
      const page = pageOf(rows, limit, (row) => String(row.seq));
      return { ...page, data: page.data.map(toLogLine) };
    },
    async listJobMetrics(jobId, { points, since, ...asked }) {
      await requireJob(db, tenant, jobId);
      const filter = filterOf(asked);
      return listOf(
        since
          ? toSeries(await writtenMetrics(db, jobId, { ...filter, since }, points))
          : thinnedSeries(await thinMetrics(db, jobId, filter, points)),
      );
    },
    async streamJobMetrics(jobId, filter) {
      await requireJob(db, tenant, jobId);
      return mapped(streamPoints(db, jobId, filterOf(filter)), toPoint);
    },
  };
}

const filterOf = ({ names, stage, fromStep, toStep }: MetricFilter) => ({
  names: names ?? null,
  stage: stage ?? null,
  fromStep: fromStep ?? 0,
  toStep: toStep ?? MAX_STEP,
});

async function* mapped<T, U>(items: AsyncIterable<T>, change: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield change(item);
}
