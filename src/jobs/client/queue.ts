import type { components } from '../../contract/generated/openapi.js';
import { type Database, fromJson } from '../store/database.js';
import { LAST_POSITION, queuePositions } from '../store/queue-order.js';
import type { Job, Worker } from '../store/rows.js';
import { findWorkers, type WorkerSlot } from '../store/workers.js';
import { readTogether } from './read-together.js';

type Queue = components['schemas']['JobQueue'];

/** What every answer about waiting jobs asks, shared by those who ask at the same time. */
export interface QueueReads {
  readonly positions: (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly workers: () => Promise<readonly Worker[]>;
}

/** Of a long queue a thousand jobs are sorted for every read. */
const POSITIONS_REST = 4;

export function openQueueReads(db: Database): QueueReads {
  const workers = readTogether(() => findWorkers(db));
  return {
    positions: readTogether((ids: readonly string[]) => queuePositions(db, ids), POSITIONS_REST),
    workers: () => workers([]),
  };
}

/** Where each of the jobs that have not started stands. */
export async function queueOf(
  reads: QueueReads,
  rows: readonly Pick<Job, 'id' | 'state'>[],
): Promise<(row: Pick<Job, 'id' | 'state'>) => Queue | null> {
  const queued = rows.filter((row) => row.state === 'queued').map((row) => row.id);
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
