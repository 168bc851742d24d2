import { WEBHOOK_EVENTS } from '../../contract/webhooks.js';
import { Prisma } from './generated/client.js';

const WITH_WEBHOOKS = Prisma.raw(WEBHOOK_EVENTS.map((type) => `'${type}'`).join());

/**
 * Common table expressions that append events to the list of a job and queue a delivery of each for every webhook of the
 * tenant that wants it. The statement defines before them:
 * - `draft` (position from 1, level, type, message, data): the events
 * - `counted` (job_id, tenant, before, at): the locked job, whose `event_seq` was `before` and has been raised by the number
 *   of drafts. The time is the database's, because the clocks of workers may differ or jump
 *
 * `queued` holds the deliveries.
 * @param deliveryId id of the deliveries, which differ in their last two digits
 */
export function appending(deliveryId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    stored AS (
      INSERT INTO event (job_id, seq, at, level, type, message, data, task)
      SELECT counted.job_id, counted.before + position, counted.at, level, type, message, data, data->>'task'
      FROM counted, draft
      RETURNING *, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time
    ), queued AS (
      INSERT INTO webhook_delivery (id, webhook_id, tenant, type, message)
      SELECT left(${deliveryId}::text, -2) || lpad(to_hex(row_number() OVER (ORDER BY seq, webhook.id)), 2, '0'), webhook.id,
        counted.tenant, stored.type, jsonb_build_object('type', stored.type, 'timestamp', time,
          'data', jsonb_build_object('job_id', stored.job_id, 'event', jsonb_build_object('seq', seq, 'at', time,
            'level', level, 'type', stored.type, 'message', message, 'data', data)))
      FROM counted JOIN stored USING (job_id)
        -- OFFSET keeps the planner from joining all webhooks at once, for which it would read the whole table.
        CROSS JOIN LATERAL (SELECT id FROM webhook
          WHERE webhook.tenant = counted.tenant AND webhook.events @> to_jsonb(stored.type) OFFSET 0) AS webhook
      WHERE stored.type IN (${WITH_WEBHOOKS})
      RETURNING id
    )`;
}
