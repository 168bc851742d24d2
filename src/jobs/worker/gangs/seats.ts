import { setTimeout as delay } from 'node:timers/promises';
import type { StreamAddress } from '../../../contract/stream-address.js';
import type { TaskAssignment } from '../../../contract/trainer-protocol.js';
import type { Leases } from '../../lifecycle/held-leases.js';
import { recordReport } from '../../lifecycle/report.js';
import { type Unforeseen, untilAvailable, workOn } from '../../lifecycle/work-on.js';
import { FLUSH_MS, GANG_LOOK_MS, LEASE_MS, YIELD_MS } from '../../process/limits.js';
import { type Loop, startLoop } from '../../process/loop.js';
import type { Log } from '../../process/process.js';
import type { Database } from '../../store/connection/database.js';
import {
  type ClaimedSeat,
  claimSeat,
  dropSeat,
  endSeat,
  findAssignment,
  findFreeSeat,
  leaveSeat,
  type SeatEnd,
} from '../../store/gang-seats.js';
import type { PrintedLine } from '../children/printed-lines.js';
import type { OnReport } from '../children/trainer-child.js';
import { runtimeOf, type Slot } from '../slots/slot.js';
import { startRecorder } from '../tasks/recorder.js';
import type { WorkerMetrics } from '../tasks/worker-metrics.js';
import type { Nudged } from './nudged.js';

export interface SeatOptions {
  readonly db: Database;
  readonly workerId: string;
  readonly leases: Leases;
  readonly slots: readonly Slot[];
  readonly addressOf: (slot: Slot) => StreamAddress | null;
  readonly nudged: Nudged;
  /** Aborts when the worker takes no more work. */
  readonly drained: AbortSignal;
  /** Makes an idle slot of this worker look for a task. */
  readonly wakeSlot: () => void;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
}

/** Takes seats in the gangs of other workers for slots that have nothing to do. */
export class Seats {
  readonly #active = new Map<ClaimedSeat, Slot>();
  readonly #works = new Set<Promise<void>>();
  readonly #loop: Loop;
  #stopping = false;

  constructor(private readonly options: SeatOptions) {
    const warn = (error: unknown) => options.log.warn({ err: error }, 'gangs of other workers');
    this.#loop = startLoop(() => this.#look(), GANG_LOOK_MS, warn);
  }

  nudge(): void {
    this.#loop.nudge();
    // A seat that is gone is noticed by its lease.
    if (this.#active.size > 0) this.options.leases.nudge();
  }

  /** Hands the tasks of these gangs back at a checkpoint, or ends their trainers. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#loop.stop();
    for (const seat of this.#active.keys()) await leaveSeat(this.options.db, seat).catch(() => undefined);
    const over = Promise.all(this.#works);
    await Promise.race([over, delay(YIELD_MS, undefined, { ref: false })]);
    await Promise.all([...this.#active.values()].map((slot) => slot.kill('its worker stops')));
    await over;
  }

  async #look(): Promise<void> {
    const { db, workerId, slots, addressOf, drained } = this.options;
    const without = new Set<string>();
    for (const slot of slots) {
      const runtime = runtimeOf(slot);
      const address = addressOf(slot);
      if (this.#stopping || drained.aborted) return;
      if (!runtime || !address || !slot.free || without.has(JSON.stringify(runtime))) continue;
      const id = await findFreeSeat(db, workerId, runtime);
      if (id === null) without.add(JSON.stringify(runtime));
      else if (slot.free) {
        slot.reserve();
        const seat = await claimSeat(
          db,
          id,
          { workerId, device: slot.place.device, address },
          LEASE_MS,
        ).catch(() => null);
        if (seat === null) slot.release();
        else this.#begin(seat, slot);
      }
    }
  }

  #begin(seat: ClaimedSeat, slot: Slot): void {
    this.#active.set(seat, slot);
    const { log, wakeSlot } = this.options;
    const work = this.#serve(seat, slot)
      .catch((error) => log.error({ err: error, seat: seat.id }, 'a seat in a gang'))
      .finally(() => {
        this.#active.delete(seat);
        this.#works.delete(work);
        slot.release();
        wakeSlot();
      });
    this.#works.add(work);
  }

  #serve(seat: ClaimedSeat, slot: Slot): Promise<void> {
    const { db, leases, log } = this.options;
    return workOn({
      lease: { table: 'gang_seat', id: seat.id, attempt: seat.attempt },
      leases,
      about: { task: seat.taskId, seat: seat.id },
      log,
      run: (lost) => this.#work(seat, slot, lost),
      fail: (error) => endSeat(db, seat, failed(error)),
    });
  }

  async #work(seat: ClaimedSeat, slot: Slot, lost: AbortSignal): Promise<void> {
    const { db } = this.options;
    const assignment = await this.#assigned(seat, lost);
    if (assignment === null) return untilAvailable(() => dropSeat(db, seat));
    const kill = (): void => void slot.kill('its gang has ended');
    lost.addEventListener('abort', kill);
    try {
      const end = await this.#train(assignment, slot);
      if (!lost.aborted) await untilAvailable(() => endSeat(db, seat, end));
    } finally {
      lost.removeEventListener('abort', kill);
      // The leader may be gone. Housekeeping deletes what this cannot.
      if (lost.aborted) await dropSeat(db, seat).catch(() => undefined);
    }
  }

  /** Resolves with the task of the slot, once all members are known. Null: there is none. */
  async #assigned(seat: ClaimedSeat, lost: AbortSignal): Promise<TaskAssignment | null> {
    const { db, nudged } = this.options;
    while (!lost.aborted) {
      const changed = nudged.changed(GANG_LOOK_MS, lost);
      const assignment = await untilAvailable(() => findAssignment(db, seat));
      if (assignment === undefined) return null;
      if (assignment !== null) return assignment;
      await changed;
    }
    return null;
  }

  /** Runs the trainer. Its reports are those of the task's attempt, whose fence guards them. */
  async #train(assignment: TaskAssignment, slot: Slot): Promise<SeatEnd> {
    const { db, log, metrics } = this.options;
    const task = { id: assignment.task_id, attempt: assignment.attempt, jobId: assignment.job_id };
    const recorder = startRecorder(
      async (report) => void (await recordReport(db, task, report)),
      FLUSH_MS,
      (error) =>
        log.warn({ err: error, task: task.id }, 'metrics could not be stored; they are stored later'),
    );
    const lines: PrintedLine[] = [];
    const onLine = (line: PrintedLine): void => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
    };
    const onReport: OnReport = (report) => {
      if (report.type === 'checkpoint') recorder.checkpoint(report.checkpoint);
      if (report.type !== 'metrics') return;
      recorder.add(report.samples, report.made_at_ms);
      metrics.samplesMade(slot.place.device, report.samples);
    };
    try {
      const outcome = await slot.run(assignment, onReport, onLine);
      const unwritten = await recorder.drain();
      await untilAvailable(() => recordReport(db, task, unwritten));
      return { outcome, lines };
    } finally {
      await recorder.drain();
    }
  }
}

/** Lines of a trainer that go to the log of its task, when it has ended. */
const LINES_KEPT = 200;

function failed({ code, message }: Unforeseen): SeatEnd {
  const failure = { code, message, stage: null, step: null, tensor: null };
  return { outcome: { kind: 'failed', failure }, lines: [] };
}
