import type { Runtime, RuntimeInfo, TaskAssignment } from '../../../contract/trainer-protocol.js';
import type { WorkerSlot } from '../../../contract/workers.js';
import type { OnLine, OnReport, Outcome, TrainerChild } from '../children/trainer-child.js';
import { BusyTime } from './busy-time.js';
import type { SlotPlace } from './devices.js';
import { Quarantine } from './quarantine.js';
import { residentMemory } from './resident-memory.js';

/** The trainer of a slot. */
export type Trainer = Pick<TrainerChild, 'alive' | 'pid' | 'ready' | 'run' | 'askCheckpoint' | 'kill'>;

/** A place on a device with a warm trainer. The trainer is replaced after its end, and ends itself when idle. */
export class Slot {
  private trainer: Trainer | null = null;
  private runtimeInfo: RuntimeInfo | null = null;
  private reserved = false;
  private taskId: string | null = null;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly busyTime = new BusyTime(performance.now());
  private readonly quarantine = new Quarantine(() => performance.now());
  private quarantineEnd: NodeJS.Timeout | undefined;

  constructor(
    readonly place: SlotPlace,
    private readonly start: () => Trainer,
    /** Time after which an idle trainer ends, to free its memory. */
    private readonly idleMs: number,
  ) {}

  /** Starts the trainer. Resolves when it can take tasks, or when the start has failed. */
  async warm(): Promise<void> {
    const trainer = this.living();
    this.runtimeInfo = (await trainer.ready) ?? this.runtimeInfo;
    if (!this.reserved && !this.closed) this.restSoon();
  }

  get free(): boolean {
    return !this.reserved && !this.quarantined;
  }

  /** Whether it takes no tasks for a while, because its trainers end without a report. */
  get quarantined(): boolean {
    return this.quarantine.leftMs > 0;
  }

  /** Notes that a task ended with a report of its trainer. */
  noteReport(): void {
    this.quarantine.reported();
  }

  /**
   * Notes that the trainer ended without a report, by no wish of this worker.
   * @param onEnd runs when the slot takes tasks again
   * @returns milliseconds for which it takes none
   */
  noteEnd(jobId: string, onEnd: () => void): number {
    const ms = this.quarantine.ended(jobId);
    if (ms > 0) {
      clearTimeout(this.quarantineEnd);
      this.quarantineEnd = setTimeout(onEnd, ms).unref();
    }
    return ms;
  }

  get report(): WorkerSlot {
    const pid = this.trainer?.alive ? this.trainer.pid : undefined;
    return {
      ...this.work,
      quarantine_s: Math.ceil(this.quarantine.leftMs / 1000),
      ...(this.runtimeInfo && { runtime: this.runtimeInfo }),
      busy_share: this.busyTime.share(performance.now()),
      memory_bytes: pid === undefined ? null : residentMemory(pid),
    };
  }

  private get work(): Pick<WorkerSlot, 'state' | 'task_id'> {
    if (this.taskId !== null) return { state: 'busy', task_id: this.taskId };
    if (this.quarantined) return { state: 'quarantined', task_id: null };
    // A slot without a trainer is resting: the next task starts one.
    const usable = this.runtimeInfo !== null && this.trainer?.alive !== false;
    return { state: usable ? 'idle' : 'starting', task_id: null };
  }

  /** Runtime of the last trainer that reported it. */
  get runtime(): RuntimeInfo | null {
    return this.runtimeInfo;
  }

  /** Occupies the slot until `release`. */
  reserve(): void {
    this.reserved = true;
    clearTimeout(this.timer);
  }

  release(): void {
    this.reserved = false;
    this.taskId = null;
    // Starts the replacement before the next task needs it.
    if (!this.closed) void this.warm();
  }

  async run(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    this.taskId = assignment.task_id;
    this.busyTime.begin(performance.now());
    try {
      const trainer = this.living();
      this.runtimeInfo = (await trainer.ready) ?? this.runtimeInfo;
      return withRuntime(await trainer.run(assignment, onReport, onLine), this.runtimeInfo);
    } finally {
      this.busyTime.end(performance.now());
    }
  }

  /** Ends an idle trainer, because the worker needs its memory. The next task starts another. */
  rest(): void {
    // A trainer that is still starting has not reported its runtime yet.
    if (this.reserved || this.runtimeInfo === null) return;
    clearTimeout(this.timer);
    const { trainer } = this;
    // Cleared before the process has ended, so that a new task gets another trainer.
    this.trainer = null;
    void trainer?.kill('it had no task');
  }

  askCheckpoint(assignment: TaskAssignment, stop: boolean): void {
    this.trainer?.askCheckpoint(assignment, stop);
  }

  /** Kills the trainer and waits for its end. */
  async kill(reason: string): Promise<void> {
    await this.trainer?.kill(reason);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.quarantineEnd);
    await this.kill('its worker stops');
  }

  private restSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), this.idleMs);
  }

  private living(): Trainer {
    if (!this.trainer?.alive) this.trainer = this.start();
    return this.trainer;
  }
}

/** The runtime on which the bits of the results of a slot depend; null before its first trainer is ready. */
export function runtimeOf({ runtime: info }: Pick<Slot, 'runtime'>): Runtime | null {
  if (info === null) return null;
  const { node: _, ...runtime } = info;
  return runtime;
}

function withRuntime(outcome: Outcome, info: RuntimeInfo | null): Outcome {
  const runtime = runtimeOf({ runtime: info });
  if (outcome.kind !== 'succeeded' || runtime === null) return outcome;
  return { ...outcome, success: { ...outcome.success, runtime } };
}
