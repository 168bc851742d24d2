import { Prisma } from './generated/client.js';

/**
 * Device time of a job so far: from the start of each attempt to its end, on all slots of it, as in the usage of the
 * job (client/views/usage.ts).
 */
export const deviceSecondsOf = (jobId: Prisma.Sql): Prisma.Sql => Prisma.sql`(
    SELECT coalesce(sum(greatest(0, extract(epoch FROM coalesce(ended, now()) - at)) * slots), 0)::float8 FROM (
      SELECT type, at, lead(at) OVER (PARTITION BY task ORDER BY seq) AS ended,
        greatest(1, (SELECT max(jsonb_array_length(shared.data->'devices')) FROM event shared
          WHERE shared.job_id = event.job_id AND shared.task = event.task AND shared.type = 'task.shared'
            AND shared.data->'attempt' = event.data->'attempt')) AS slots
      FROM event WHERE job_id = ${jobId} AND task IS NOT NULL
        AND type IN ('task.started', 'task.succeeded', 'task.failed', 'task.retried', 'task.dropped')
    ) attempts WHERE type = 'task.started')`;
