import type { StreamAddress } from '../../contract/stream-address.js';
import type { Runtime, TaskAssignment } from '../../contract/trainer-protocol.js';
import { WORKER_GONE_MS } from '../process/limits.js';
import { COLUMNS, type SeatEnd } from './columns.js';
import { flag, int, type RowOf, text } from './connection/column.js';
import { type Database, type Queryable, type Transaction, toJson } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { endLease, type Fence, isCurrent, LEASE_OVER, taken, updateHeld } from './leases.js';

export type { SeatEnd } from './columns.js';

/** The attempt of the task to which a seat belongs goes on. */
const TASK_GOES_ON = Prisma.sql`task.attempt = seat.task_attempt AND task.lease_until IS NOT NULL`;

const count = statement('count-guests', { slots: int });

/**
 * Number of slots of other workers that can take a seat now: of the same runtime, without a task or with one of this job, whose
 * end their last report may not know.
 */
export async function countPossibleGuests(
  db: Queryable,
  {
    workerId,
    jobId,
    runtime,
  }: { readonly workerId: string; readonly jobId: string; readonly runtime: Runtime },
): Promise<number> {
  const { slots } = await count.only(
    db,
    Prisma.sql`
    SELECT count(*)::int AS slots FROM worker, jsonb_array_elements(worker.slots) AS slot
    WHERE worker.id <> ${workerId} AND stream_address IS NOT NULL AND draining_at IS NULL
      AND heartbeat_at >= now() - ${wholeNumber(WORKER_GONE_MS)} * interval '1 millisecond'
      AND (slot->'runtime') - 'node' = ${JSON.stringify(runtime)}::jsonb
      AND (slot->>'state' IN ('idle', 'starting') OR slot->>'task_id' IN (SELECT id FROM task WHERE job_id = ${jobId}))`,
  );
  return slots;
}

/** Offers seats in the gang of an attempt. */
export async function offerSeats(db: Database, task: Fence, runtime: Runtime, seats: number): Promise<void> {
  const data = Array.from({ length: seats }, () => {
    return { id: newId('seat'), taskId: task.id, taskAttempt: task.attempt, runtime: toJson(runtime) };
  });
  await db.gangSeat.createMany({ data });
  notify(db, 'strata_gang');
}

const wanted = statement('wanted-seat', { id: text });

/** A seat that a slot of this runtime could take; null if there is none. */
export async function findFreeSeat(
  db: Queryable,
  workerId: string,
  runtime: Runtime,
): Promise<string | null> {
  const found = await wanted.first(
    db,
    Prisma.sql`
    SELECT seat.id FROM gang_seat seat JOIN task ON task.id = seat.task_id
    WHERE seat.worker_id IS NULL AND seat.runtime = ${JSON.stringify(runtime)}::jsonb AND ${TASK_GOES_ON}
      AND task.worker_id <> ${workerId}
    ORDER BY seat.id LIMIT 1`,
  );
  return found?.id ?? null;
}

export interface Guest {
  readonly workerId: string;
  readonly device: string;
  /** Address at which its trainer awaits the next one. */
  readonly address: StreamAddress;
}

const claimed = statement('claim-seat', { id: text, attempt: int, taskId: text });
export type ClaimedSeat = NonNullable<Awaited<ReturnType<typeof claimSeat>>>;

/** Takes a seat under a new fence; null where somebody else was quicker. */
export async function claimSeat(db: Database, id: string, guest: Guest, leaseMs: number) {
  const seat = await claimed.first(
    db,
    Prisma.sql`
    UPDATE gang_seat SET ${taken(leaseMs)}, worker_id = ${guest.workerId}, device = ${guest.device},
      address = ${JSON.stringify(guest.address)}::jsonb
    WHERE id = ${id} AND worker_id IS NULL
    RETURNING id, attempt, task_id AS "taskId"`,
  );
  if (seat !== null) notify(db, 'strata_gang');
  return seat;
}

const TAKEN_SEAT = { id: text, workerId: text, device: text, address: COLUMNS.gangSeat.address };
export type TakenSeat = RowOf<typeof TAKEN_SEAT>;
const takenSeats = statement('taken-seats', TAKEN_SEAT);

/** Seats of an attempt that slots have taken, in the order in which they were offered. */
export function findTakenSeats(db: Queryable, { id, attempt }: Fence): Promise<TakenSeat[]> {
  return takenSeats.rows(
    db,
    Prisma.sql`
    SELECT id, worker_id AS "workerId", device, address FROM gang_seat
    WHERE task_id = ${id} AND task_attempt = ${attempt} AND worker_id IS NOT NULL AND lease_until IS NOT NULL
      AND NOT ${LEASE_OVER}
    ORDER BY id`,
  );
}

/** Withdraws the seats of an attempt that nobody has taken. One that is being taken at this moment stays. */
export async function withdrawSeats(tx: Transaction, { id, attempt }: Fence): Promise<void> {
  await tx.gangSeat.deleteMany({ where: { taskId: id, taskAttempt: attempt, workerId: null } });
}

export async function assignSeat(tx: Transaction, id: string, assignment: TaskAssignment): Promise<void> {
  await tx.gangSeat.update({ where: { id }, data: { assignment: toJson(assignment) } });
  notify(tx, 'strata_gang');
}

const own = statement('own-seat', { assignment: COLUMNS.gangSeat.assignment });

/** Finds the task of a seat: null until it is known. Undefined: the seat is lost. */
export async function findAssignment(
  db: Queryable,
  fence: Fence,
): Promise<TaskAssignment | null | undefined> {
  const row = await own.first(
    db,
    Prisma.sql`
    SELECT seat.assignment FROM gang_seat seat JOIN task ON task.id = seat.task_id
    WHERE seat.id = ${fence.id} AND seat.attempt = ${fence.attempt} AND ${TASK_GOES_ON}`,
  );
  return row === null ? undefined : row.assignment;
}

const SEAT_STATE = { id: text, outcome: COLUMNS.gangSeat.outcome, leaving: flag, isLost: flag };
export type SeatState = RowOf<typeof SEAT_STATE>;
const states = statement('seats-of-gang', SEAT_STATE);

/** Finds out what became of the seats of an attempt. */
export function findSeats(db: Queryable, { id, attempt }: Fence): Promise<SeatState[]> {
  return states.rows(
    db,
    Prisma.sql`
    SELECT id, outcome, leaving, outcome IS NULL AND coalesce(${LEASE_OVER}, true) AS "isLost" FROM gang_seat
    WHERE task_id = ${id} AND task_attempt = ${attempt}`,
  );
}

/** @returns false for a stale claim, which changes nothing */
export async function endSeat(db: Database, seat: Fence, end: SeatEnd): Promise<boolean> {
  const kept = await endLease(db, 'gang_seat', seat, Prisma.sql`outcome = ${JSON.stringify(end)}::jsonb`);
  notify(db, 'strata_gang');
  return kept;
}

/** Asks the gang to hand its task back, because the worker of this seat stops. */
export async function leaveSeat(db: Database, seat: Fence): Promise<void> {
  await updateHeld(db, 'gang_seat', seat, Prisma.sql`leaving = true`);
  notify(db, 'strata_gang');
}

/** Gives up a claim of a seat that came too late. */
export async function dropSeat(db: Queryable, seat: Fence): Promise<void> {
  await db.$executeRaw`DELETE FROM gang_seat WHERE ${isCurrent(seat)}`;
}

/** Deletes the seats of an attempt, and with them the secret of the gang. Whoever has one ends its trainer. */
export async function deleteSeats(db: Database, { id, attempt }: Fence): Promise<void> {
  await db.gangSeat.deleteMany({ where: { taskId: id, taskAttempt: attempt } });
  notify(db, 'strata_gang');
}

/** Deletes seats of attempts that have ended with their worker. */
export async function deleteOldSeats(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM gang_seat seat USING task WHERE task.id = seat.task_id AND NOT (${TASK_GOES_ON})`;
}
