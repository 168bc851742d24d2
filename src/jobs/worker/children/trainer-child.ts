import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type {
  FromTrainer,
  RuntimeInfo,
  TaskAssignment,
  TaskFailure,
  TaskSuccess,
  ToTrainer,
} from '../../../contract/trainer-protocol.js';
import { countOomKills } from './oom-kills.js';
import { type PrintedLine, PrintedLines, printedBefore } from './printed-lines.js';
import { isInformation } from './tensorflow-lines.js';

/** Outcome of an attempt: the report of the trainer, or the end of its process. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly success: TaskSuccess }
  | { readonly kind: 'failed'; readonly failure: TaskFailure }
  /** The task stopped because it was asked to. */
  | { readonly kind: 'stopped' }
  | Gone;

/** Sender of the signal that ended a trainer: its worker, the kernel for lack of memory, or an unknown process. */
export type Killer = 'worker' | 'out_of_memory' | 'unknown';

export interface Gone {
  readonly kind: 'gone';
  readonly message: string;
  /** Absent: it ended by itself. */
  readonly killer: Killer | null;
}

type Report = Extract<FromTrainer, { type: 'progress' | 'metrics' | 'checkpoint' }>;
export type OnReport = (report: Report) => void;
export type OnLine = (line: PrintedLine) => void;

/** Number of lines printed between tasks that are kept for the log of the next task. */
const IDLE_LINES_KEPT = 200;

/**
 * One trainer process, from spawn to exit. It runs one task at a time and stays warm between tasks. Its output
 * belongs to the running task. Output before the first task, from the start of the process, belongs to the first
 * task.
 */
export class TrainerChild {
  /** Resolves when the trainer can take tasks; null if it ended before. */
  readonly ready: Promise<RuntimeInfo | null>;
  /** Resolves with a description of the end when the process has ended. */
  readonly gone: Promise<Gone>;
  private readonly oomKillsBefore = countOomKills();
  /** Why this worker has killed it. */
  private killedBecause: string | null = null;
  private readonly child: ChildProcess;
  private readonly printed: readonly PrintedLines[];
  private idleLines: PrintedLine[] = [];
  private onLine: OnLine | null = null;
  private lastError = '';
  private ended = false;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.printed = this.readOutput();
    this.gone = this.watchEnd();
    this.ready = Promise.race([this.firstReady(), this.gone.then(() => null)]);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get alive(): boolean {
    return !this.ended;
  }

  /** Runs one task until the task or the trainer ends. The caller must wait for `ready` first. */
  async run(
    assignment: TaskAssignment,
    onReport: OnReport,
    onLine: OnLine = () => undefined,
  ): Promise<Outcome> {
    const done = new AbortController();
    for (const line of this.idleLines.splice(0)) onLine(line);
    this.onLine = onLine;
    const answer = new Promise<Outcome>((resolve) => {
      const listen = (message: FromTrainer): void => {
        if (message.type === 'ready' || !isAbout(message, assignment)) return;
        if (message.type === 'succeeded') resolve({ kind: 'succeeded', success: message.success });
        else if (message.type === 'failed') resolve({ kind: 'failed', failure: message.failure });
        else if (message.type === 'stopped') resolve({ kind: 'stopped' });
        else onReport(message);
      };
      this.child.on('message', listen);
      done.signal.addEventListener('abort', () => this.child.off('message', listen));
    });
    this.send({ type: 'run', assignment });
    const outcome = await Promise.race([answer, this.gone]);
    done.abort();
    await printedBefore();
    for (const output of this.printed) output.flush();
    this.onLine = null;
    return outcome;
  }

  /**
   * Asks for a checkpoint between two steps. With `stop`, the task ends after it. Does nothing if the task has
   * ended.
   */
  askCheckpoint({ task_id, attempt }: TaskAssignment, stop: boolean): void {
    this.send({ type: 'checkpoint', task_id, attempt, stop });
  }

  /**
   * Ends the process at once and waits until it is seen gone.
   * @param reason for those who read why the task that it ran has ended
   */
  async kill(reason: string): Promise<void> {
    if (this.alive) this.killedBecause ??= reason;
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private readOutput(): PrintedLines[] {
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) return [];
    // Also prints the output to the output of the worker.
    stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    const take = (line: PrintedLine): void => this.take(line);
    return [new PrintedLines(stdout, 'stdout', take), new PrintedLines(stderr, 'stderr', take)];
  }

  private take(line: PrintedLine): void {
    const text = line.text.trim();
    if (line.stream === 'stderr' && text !== '' && !isInformation(text)) this.lastError = text;
    if (this.onLine) this.onLine(line);
    else this.idleLines = [...this.idleLines, line].slice(-IDLE_LINES_KEPT);
  }

  private send(order: ToTrainer): void {
    // If the send fails, the end of the trainer is about to be reported.
    if (this.child.connected) this.child.send(order, () => undefined);
  }

  private async watchEnd(): Promise<Gone> {
    const exit = once(this.child, 'exit').then(([code, signal]) =>
      signal ? this.killedBy(signal) : gone(`the trainer exited with code ${code}`),
    );
    // 'error' before 'exit': the process never started.
    const ended = await exit.catch((error: Error) =>
      gone(`the trainer could not be started: ${error.message}`),
    );
    this.ended = true;
    await Promise.all(this.printed.map((output) => output.end()));
    return this.lastError ? { ...ended, message: `${ended.message}: ${this.lastError}` } : ended;
  }

  private killedBy(signal: NodeJS.Signals): Gone {
    const what = `the trainer was killed by ${signal}`;
    if (this.killedBecause !== null)
      return gone(`${what} of its worker, because ${this.killedBecause}`, 'worker');
    if (signal !== 'SIGKILL') return gone(what, 'unknown');
    if (countOomKills() > this.oomKillsBefore)
      return gone(`${what} of the kernel, for lack of memory`, 'out_of_memory');
    return gone(
      `${what} of an unknown sender: neither its worker nor the kernel for lack of memory`,
      'unknown',
    );
  }

  private firstReady(): Promise<RuntimeInfo> {
    return new Promise((resolve) => {
      const listen = (message: FromTrainer): void => {
        if (message.type !== 'ready') return;
        this.child.off('message', listen);
        resolve(message.runtime);
      };
      this.child.on('message', listen);
    });
  }
}

function isAbout(message: { task_id: string; attempt: number }, assignment: TaskAssignment): boolean {
  return message.task_id === assignment.task_id && message.attempt === assignment.attempt;
}

function gone(message: string, killer: Killer | null = null): Gone {
  return { kind: 'gone', message, killer };
}
