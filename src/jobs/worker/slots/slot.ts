import type { RuntimeInfo, TaskAssignment } from '../../../contract/trainer-protocol.js';
import type { WorkerSlot } from '../../../contract/workers.js';
import type { OnLine, OnReport, Outcome, TrainerChild } from '../children/trainer-child.js';
import type { SlotPlace } from './devices.js';

/** A place on a device with a warm trainer, which is replaced once it has ended, and ends itself when nothing is to do. */
export class Slot {
  private trainer: TrainerChild | null = null;
  private runtimeInfo: RuntimeInfo | null = null;
  private reserved = false;
  private taskId: string | null = null;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly place: Pick<SlotPlace, 'device' | 'bfloat16'>,
    private readonly start: () => TrainerChild,
    /** After which an idle trainer ends: a warm one holds its memory. */
    private readonly idleMs: number,
  ) {}

  /** Starts the trainer; resolves when it can take tasks, or has ended trying. */
  async warm(): Promise<void> {
    const trainer = this.living();
    this.runtimeInfo = (await trainer.ready) ?? this.runtimeInfo;
    if (!this.reserved && !this.closed) this.restSoon();
  }

  get free(): boolean {
    return !this.reserved;
  }

  get report(): WorkerSlot {
    if (this.taskId !== null) return { state: 'busy', task_id: this.taskId };
    // Without a trainer it rests: the next task starts one.
    const usable = this.runtimeInfo !== null && this.trainer?.alive !== false;
    return { state: usable ? 'idle' : 'starting', task_id: null };
  }

  /** Of the last trainer that got as far as saying so. */
  get runtime(): RuntimeInfo | null {
    return this.runtimeInfo;
  }

  /** Takes the slot until `release`. */
  reserve(): void {
    this.reserved = true;
    clearTimeout(this.timer);
  }

  release(): void {
    this.reserved = false;
    this.taskId = null;
    // Warm again before the next task asks for it.
    if (!this.closed) void this.warm();
  }

  async run(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    this.taskId = assignment.task_id;
    const trainer = this.living();
    this.runtimeInfo = (await trainer.ready) ?? this.runtimeInfo;
    return trainer.run(assignment, onReport, onLine);
  }

  /** Ends an idle trainer: what else the worker is about to do needs its memory. The next task starts another. */
  rest(): void {
    // One that has not begun has yet to say what it runs on.
    if (this.reserved || this.runtimeInfo === null) return;
    clearTimeout(this.timer);
    const { trainer } = this;
    // Before it is seen gone: a task that comes meanwhile gets another.
    this.trainer = null;
    void trainer?.kill('it had no task');
  }

  askCheckpoint(assignment: TaskAssignment, stop: boolean): void {
    this.trainer?.askCheckpoint(assignment, stop);
  }

  /** Ends the trainer and waits until it is seen gone. */
  async kill(reason: string): Promise<void> {
    await this.trainer?.kill(reason);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.kill('its worker stops');
  }

  private restSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), this.idleMs);
  }

  private living(): TrainerChild {
    if (!this.trainer?.alive) this.trainer = this.start();
    return this.trainer;
  }
}
