import type { components } from '../../../contract/generated/openapi.js';
import type { WorkerSlot } from '../../../contract/workers.js';
import type { Database } from '../../store/connection/database.js';
import { LAST_POSITION, queuePositions } from '../../store/queue-order.js';
import type { Job } from '../../store/rows.js';
import { findWorkers, type LiveWorker } from '../../store/workers.js';
import { readTogether } from '../together/read-together.js';

type Queue = components['schemas']['JobQueue'];

/** The fields of a job that decide its place in the queue. */
type Waiting = Pick<Job, 'id' | 'tenant' | 'priority'>;

/** Queries of every response about queued jobs. Concurrent requests share them. */
export interface QueueReads {
  readonly positions: (jobs: readonly Waiting[]) => Promise<ReadonlyMap<string, number>>;
  readonly workers: () => Promise<readonly LiveWorker[]>;
}

/**
 * Pause after a read, as a multiple of its duration. A long queue sorts a thousand jobs per read, so reads take at
 * most half of the time.
 */
const POSITIONS_REST = 1;

export function openQueueReads(db: Database): QueueReads {
  const workers = readTogether(() => findWorkers(db));
  const read = readTogether((ids: readonly string[]) => queuePositions(db, ids), POSITIONS_REST);
  const end = new QueueEnd(() => performance.now());
  return {
    async positions(jobs) {
      const positions = new Map<string, number>();
      const unknown: Waiting[] = [];
      for (const job of jobs) {
        if (end.isBehind(job)) positions.set(job.id, LAST_POSITION);
        else unknown.push(job);
      }
      if (unknown.length === 0) return positions;
      // The read is shared with other requests and includes their jobs.
      const found = await read(unknown.map(({ id }) => id));
      end.note(unknown.filter(({ id }) => found.get(id) === LAST_POSITION));
      for (const [id, position] of found) positions.set(id, position);
      return positions;
    },
    workers: () => workers([]),
  };
}

/** No queue becomes a thousand jobs shorter within this time. */
const REMEMBERED_MS = 1_000;

/**
 * Remembers briefly which jobs were beyond the counted positions. A later job of the same tenant and priority is
 * also beyond them. So a flood of jobs, whose positions are expensive, needs few queries.
 * @param now milliseconds of a monotonic clock
 */
export class QueueEnd {
  private readonly last = new Map<string, { readonly id: string; readonly until: number }>();

  constructor(private readonly now: () => number) {}

  note(jobs: readonly Waiting[]): void {
    const now = this.now();
    for (const [key, { until }] of this.last) if (until < now) this.last.delete(key);
    for (const job of jobs) this.last.set(keyOf(job), { id: job.id, until: now + REMEMBERED_MS });
  }

  /** Whether a job is known to be behind a job that was beyond the counted positions. */
  isBehind(job: Waiting): boolean {
    const last = this.last.get(keyOf(job));
    return last !== undefined && last.id < job.id && last.until >= this.now();
  }
}

const keyOf = ({ tenant, priority }: Waiting): string => `${priority} ${tenant}`;

/** Queue positions of the jobs that have not started. */
export async function queueOf(
  reads: QueueReads,
  rows: readonly (Waiting & Pick<Job, 'state'>)[],
): Promise<(row: Pick<Job, 'id' | 'state'>) => Queue | null> {
  const queued = rows.filter((row) => row.state === 'queued');
  if (queued.length === 0) return () => null;
  const [positions, workers] = await Promise.all([reads.positions(queued), reads.workers()]);
  const slots = workers.flatMap((worker) => worker.slots);
  return ({ id, state }) => {
    if (state !== 'queued') return null;
    // Absent: the job has started since its row was read.
    const position = positions.get(id) ?? 1;
    return { position, reason: waitReason(position, workers.length, slots) };
  };
}

function waitReason(position: number, workers: number, slots: readonly WorkerSlot[]): string {
  if (workers === 0) return 'no worker is connected';
  const ahead = position - 1;
  const reasons: string[] = [];
  if (ahead === 1) reasons.push('1 job is ahead of it');
  else if (ahead > 1)
    reasons.push(`${ahead} ${position === LAST_POSITION ? 'jobs or more are' : 'jobs are'} ahead of it`);
  const free = slots.filter((slot) => slot.state === 'idle').length;
  if (free === 0)
    reasons.push(slots.length === 1 ? 'the only slot is busy' : `all ${slots.length} slots are busy`);
  return reasons.join(', and ') || 'a free slot is about to start it';
}
