import type {
  FromTrainer,
  RuntimeInfo,
  TaskAssignment,
  TaskFailure,
  TaskSuccess,
  ToTrainer,
} from '../../../contract/trainer-protocol.js';
import { Child } from './child.js';
import type { Gone } from './gone.js';
import type { PrintedLine } from './printed-lines.js';
import { isInformation } from './tensorflow-lines.js';

/** Outcome of an attempt: the report of the trainer, or the end of its process. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly success: TaskSuccess }
  | { readonly kind: 'failed'; readonly failure: TaskFailure }
  /** The task stopped because it was asked to. */
  | { readonly kind: 'stopped' }
  | Gone;

type Report = Extract<FromTrainer, { type: 'progress' | 'metrics' | 'checkpoint' }>;
export type OnReport = (report: Report) => void;
export type OnLine = (line: PrintedLine) => void;

/** Number of lines printed between tasks that are kept for the log of the next task. */
const IDLE_LINES_KEPT = 200;

/**
 * A trainer. It runs one task at a time and stays warm between tasks. Its output belongs to the running task. Output
 * before the first task, from the start of the process, belongs to the first task.
 */
export class TrainerChild {
  /** Resolves when the trainer can take tasks; null if it ended before. */
  readonly ready: Promise<RuntimeInfo | null>;
  readonly #child: Child<ToTrainer, FromTrainer>;
  #idleLines: PrintedLine[] = [];
  #onLine: OnLine | null = null;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    const onLine = (line: PrintedLine) => this.#take(line);
    this.#child = new Child({ name: 'trainer', command, env, output: { onLine, isInformation } });
    this.ready = this.#child.ready.then((message) => message?.runtime ?? null);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#child.alive;
  }

  /** Resolves with a description of the end when the process has ended. */
  get gone(): Promise<Gone> {
    return this.#child.gone;
  }

  /** Runs one task until the task or the trainer ends. The caller must wait for `ready` first. */
  async run(
    assignment: TaskAssignment,
    onReport: OnReport,
    onLine: OnLine = () => undefined,
  ): Promise<Outcome> {
    for (const line of this.#idleLines.splice(0)) onLine(line);
    this.#onLine = onLine;
    const outcome = await this.#child.ask<Outcome>({ type: 'run', assignment }, (message) => {
      if (message.type === 'ready' || !isAbout(message, assignment)) return undefined;
      if (message.type === 'succeeded') return { kind: 'succeeded', success: message.success };
      if (message.type === 'failed') return { kind: 'failed', failure: message.failure };
      if (message.type === 'stopped') return { kind: 'stopped' };
      onReport(message);
      return undefined;
    });
    this.#onLine = null;
    return outcome;
  }

  /**
   * Asks for a checkpoint between two steps. With `stop`, the task ends after it. Does nothing if the task has
   * ended.
   */
  askCheckpoint({ task_id, attempt }: TaskAssignment, stop: boolean): void {
    this.#child.send({ type: 'checkpoint', task_id, attempt, stop });
  }

  kill(reason: string): Promise<void> {
    return this.#child.kill(reason);
  }

  #take(line: PrintedLine): void {
    if (this.#onLine) this.#onLine(line);
    else this.#idleLines = [...this.#idleLines, line].slice(-IDLE_LINES_KEPT);
  }
}

function isAbout(message: { task_id: string; attempt: number }, assignment: TaskAssignment): boolean {
  return message.task_id === assignment.task_id && message.attempt === assignment.attempt;
}
