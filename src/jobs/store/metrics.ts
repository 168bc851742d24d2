import type { MetricSample } from '../../contract/trainer-protocol.js';
import type { Queryable, Transaction } from './database.js';
import type { Prisma } from './generated/client.js';

/** The stage column's value for metrics of the whole network. */
export const WHOLE_NETWORK = -1;

/**
 * Writes samples, each (series, step) once: a second attempt at a task overwrites what the first one left.
 * The caller holds proof that the attempt is the current one.
 */
export async function writeMetrics(
  tx: Transaction,
  jobId: string,
  attempt: number,
  samples: readonly MetricSample[],
): Promise<void> {
  if (samples.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO metric_point (job_id, name, stage, step, attempt, value)
    SELECT ${jobId}, name, stage, step, ${attempt}, value
    FROM jsonb_to_recordset(${encode(samples)}::jsonb)
      AS sample (name text, stage int, step int, value float8)
    ON CONFLICT (job_id, name, stage, step)
      DO UPDATE SET attempt = excluded.attempt, value = excluded.value, at = now()`;
}

/** The last sample of each (series, step): one statement may not touch a row twice. */
function encode(samples: readonly MetricSample[]): string {
  const rows = new Map<string, object>();
  for (const { name, stage, step, value } of samples) {
    const place = stage ?? WHOLE_NETWORK;
    // JSON has no NaN or infinity; as text Postgres reads them.
    const number = Number.isFinite(value) ? value : String(value);
    rows.set(`${name}/${place}/${step}`, { name, stage: place, step, value: number });
  }
  return JSON.stringify([...rows.values()]);
}

export interface PointRow {
  readonly name: string;
  readonly stage: number;
  readonly step: number;
  readonly attempt: number;
  readonly value: number;
  readonly at: Date;
}

export interface MetricFilter {
  readonly names: readonly string[] | null;
  readonly stage: number | null;
}

/** Points ordered by series, then step. */
export function findMetrics(db: Queryable, jobId: string, { names, stage }: MetricFilter) {
  const where: Prisma.MetricPointWhereInput = {
    jobId,
    ...(names && { name: { in: [...names] } }),
    ...(stage !== null && { stage }),
  };
  return db.metricPoint.findMany({ where, orderBy: [{ name: 'asc' }, { stage: 'asc' }, { step: 'asc' }] });
}
