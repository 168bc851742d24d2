import { text } from './connection/column.js';
import type { Database, Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { LEASE_OVER, type LeasedTable, TAKEABLE } from './leases.js';

/**
 * A place that all tenants share and that takes rows of one table. A free place takes the row of the tenant that holds the
 * fewest of them; of tenants that are even there, of the one that was served longest ago. So however many rows a tenant
 * has waiting, another tenant's first one is next. (Slots follow the same rule over two tables: queue-order.ts.)
 */
export interface SharedPlace {
  readonly name: 'fetch' | 'import' | 'delivery' | 'export' | 'evaluation' | 'batch' | 'push';
  readonly table: LeasedTable;
  /** Rows that are not ended, of this place. An index over it and `lane` steps from tenant to tenant. */
  readonly open: Prisma.Sql;
  /** Another condition for rows that may be claimed. */
  readonly ready?: Prisma.Sql;
  /** Columns, of which the first is the tenant: rows of one lane wait in line, lanes do not wait for each other. */
  readonly lane: readonly string[];
  /** Rows that one tenant may hold at once, over all processes. */
  readonly tenantMax: number;
  /** The same of one lane. */
  readonly laneMax: number;
}

const next = statement('next-in-turn', { id: text });

/** The id of the row whose turn it is; null where none can be taken. */
export async function nextInTurn(db: Queryable, place: SharedPlace): Promise<string | null> {
  const { name, open, ready = Prisma.sql`true`, tenantMax, laneMax } = place;
  const table = Prisma.raw(place.table);
  const lane = Prisma.raw(place.lane.join(', '));
  const columnsOf = (row: string) => Prisma.raw(place.lane.map((column) => `${row}.${column}`).join(', '));
  const isSameLane = Prisma.raw(
    place.lane.map((column) => `waiting.${column} = lanes.${column}`).join(' AND '),
  );
  const row = await next.first(
    db,
    Prisma.sql`
    WITH RECURSIVE
    -- Lanes in which something waits, found by steps through the index: the cost does not grow with the rows.
    lanes AS (
      (SELECT ${lane} FROM ${table} WHERE ${open} ORDER BY ${lane} LIMIT 1)
      UNION ALL
      SELECT next.* FROM lanes CROSS JOIN LATERAL (
        SELECT ${lane} FROM ${table} WHERE ${open} AND (${lane}) > (${columnsOf('lanes')}) ORDER BY ${lane} LIMIT 1
      ) next
    ),
    -- Rows in work.
    held AS (SELECT ${lane} FROM ${table} WHERE ${open} AND lease_until IS NOT NULL AND NOT ${LEASE_OVER}),
    by_lane AS (SELECT ${lane}, count(*) AS count FROM held GROUP BY ${lane}),
    by_tenant AS (SELECT tenant, count(*) AS count FROM held GROUP BY tenant)
    SELECT head.id FROM lanes
    LEFT JOIN by_lane USING (${lane}) LEFT JOIN by_tenant USING (tenant)
    LEFT JOIN turn ON turn.place = ${name} AND turn.tenant = lanes.tenant
    CROSS JOIN LATERAL (
      SELECT waiting.id, waiting.due_at FROM ${table} AS waiting
      WHERE ${isSameLane} AND ${open} AND ${TAKEABLE} AND ${ready} ORDER BY due_at, id LIMIT 1
    ) head
    WHERE coalesce(by_tenant.count, 0) < ${tenantMax} AND coalesce(by_lane.count, 0) < ${laneMax}
    ORDER BY coalesce(by_tenant.count, 0), turn.served_at NULLS FIRST, coalesce(by_lane.count, 0), head.due_at, head.id
    LIMIT 1`,
  );
  return row?.id ?? null;
}

/** Maximum number of lost races in a row. Other workers then do the work. */
const MAX_RACES = 20;

/**
 * Takes the row whose turn it is, and notes that its tenant was served.
 * @param claim takes one row under a new fence; null where another process was quicker
 */
export async function takeInTurn<Claimed extends { readonly tenant: string }>(
  db: Database,
  place: SharedPlace,
  claim: (id: string) => Promise<Claimed | null>,
): Promise<Claimed | null> {
  for (let race = 0; race < MAX_RACES; race++) {
    const id = await nextInTurn(db, place);
    if (id === null) return null;
    const claimed = await claim(id);
    if (claimed === null) continue;
    await noteServed(db, place.name, claimed.tenant);
    return claimed;
  }
  return null;
}

async function noteServed(db: Queryable, place: string, tenant: string): Promise<void> {
  await db.$executeRaw`
    INSERT INTO turn (place, tenant, served_at) VALUES (${place}, ${tenant}, clock_timestamp())
    ON CONFLICT (place, tenant) DO UPDATE SET served_at = excluded.served_at`;
}
