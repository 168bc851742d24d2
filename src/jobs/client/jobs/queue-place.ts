import type { components } from '../../../contract/generated/openapi.js';
import type { WorkerSlot } from '../../../contract/workers.js';
import { type Database, fromJson } from '../../store/connection/database.js';
import { LAST_POSITION, queuePositions } from '../../store/queue-order.js';
import type { Job, Worker } from '../../store/rows.js';
import { findWorkers } from '../../store/workers.js';
import { readTogether } from '../together/read-together.js';

type Queue = components['schemas']['JobQueue'];

/** What a job's place in the queue goes by. */
type Waiting = Pick<Job, 'id' | 'tenant' | 'priority'>;

/** What every answer about waiting jobs asks, shared by those who ask at the same time. */
export interface QueueReads {
  readonly positions: (jobs: readonly Waiting[]) => Promise<ReadonlyMap<string, number>>;
  readonly workers: () => Promise<readonly Worker[]>;
}

/** Of a long queue a thousand jobs are sorted for every read: for no more than half of the time. */
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
      // Shared with others, whose jobs it holds too.
      const found = await read(unknown.map(({ id }) => id));
      end.note(unknown.filter(({ id }) => found.get(id) === LAST_POSITION));
      for (const [id, position] of found) positions.set(id, position);
      return positions;
    },
    workers: () => workers([]),
  };
}

/** No queue loses a thousand jobs in such a time. */
const REMEMBERED_MS = 1_000;

/**
 * Remembers for a moment which jobs were beyond what is counted: one of the same tenant and priority that came after is
 * there too. A flood of jobs, whose positions cost the most, asks for few.
 * @param now milliseconds of a clock that never goes back
 */
export class QueueEnd {
  private readonly last = new Map<string, { readonly id: string; readonly until: number }>();

  constructor(private readonly now: () => number) {}

  note(jobs: readonly Waiting[]): void {
    const now = this.now();
    for (const [key, { until }] of this.last) if (until < now) this.last.delete(key);
    for (const job of jobs) this.last.set(keyOf(job), { id: job.id, until: now + REMEMBERED_MS });
  }

  /** Whether a job is known to be behind one that was beyond what is counted. */
  isBehind(job: Waiting): boolean {
    const last = this.last.get(keyOf(job));
    return last !== undefined && last.id < job.id && last.until >= this.now();
  }
}

const keyOf = ({ tenant, priority }: Waiting): string => `${priority} ${tenant}`;

/** Where each of the jobs that have not started stands. */
export async function queueOf(
  reads: QueueReads,
  rows: readonly (Waiting & Pick<Job, 'state'>)[],
): Promise<(row: Pick<Job, 'id' | 'state'>) => Queue | null> {
  const queued = rows.filter((row) => row.state === 'queued');
  if (queued.length === 0) return () => null;
  const [positions, workers] = await Promise.all([reads.positions(queued), reads.workers()]);
  const slots = workers.flatMap((worker) => fromJson<WorkerSlot[]>(worker.slots));
  return ({ id, state }) => {
    if (state !== 'queued') return null;
    // Absent: it has started since its row was read.
    const position = positions.get(id) ?? 1;
    return { position, reason: waitReason(position, workers.length, slots) };
  };
}

function waitReason(position: number, workers: number, slots: readonly WorkerSlot[]): string {
  if (workers === 0) return 'no worker is connected';
  const ahead = position - 1;
  const reasons: string[] = [];
  if (ahead === 1) reasons.push('1 job goes before it');
  else if (ahead > 1)
    reasons.push(`${ahead} ${position === LAST_POSITION ? 'jobs or more go' : 'jobs go'} before it`);
  const free = slots.filter((slot) => slot.state === 'idle').length;
  if (free === 0)
    reasons.push(slots.length === 1 ? 'the 1 slot is busy' : `all ${slots.length} slots are busy`);
  return reasons.join(', and ') || 'a free slot is about to take it';
}
