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

/** How an attempt ended: as the trainer reported it, or with the trainer. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly success: TaskSuccess }
  | { readonly kind: 'failed'; readonly failure: TaskFailure }
  /** As it was asked to. */
  | { readonly kind: 'stopped' }
  | Gone;

/** Who ended a trainer by a signal: its worker, the kernel for lack of memory, or a process that left no trace. */
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

/** Lines printed between tasks, of which the next task's log gets the last. */
const IDLE_LINES_KEPT = 200;

/**
 * One trainer process, from spawn to exit. It runs one task at a time and stays warm between them. What it prints is
 * the running task's; what it prints before it has one, as it starts, goes to the first.
 */
export class TrainerChild {
  /** Resolves once it can take tasks; null when it ended before. */
  readonly ready: Promise<RuntimeInfo | null>;
  /** Resolves, with how it ended, when the process is seen gone. */
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

  /** Runs one task to its end, or to the trainer's. The caller waits for `ready` first. */
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

  /** Asks for a checkpoint between two steps; with `stop` the task ends there. Nothing where it ended meanwhile. */
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
    // The worker's own output shows it too.
    stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    const take = (line: PrintedLine): void => this.take(line);
    return [new PrintedLines(stdout, 'stdout', take), new PrintedLines(stderr, 'stderr', take)];
  }

  private take(line: PrintedLine): void {
    if (line.stream === 'stderr' && line.text.trim() !== '') this.lastError = line.text.trim();
    if (this.onLine) this.onLine(line);
    else this.idleLines = [...this.idleLines, line].slice(-IDLE_LINES_KEPT);
  }

  private send(order: ToTrainer): void {
    // A trainer that cannot be reached is about to be seen gone.
    if (this.child.connected) this.child.send(order, () => undefined);
  }

  private async watchEnd(): Promise<Gone> {
    const exit = once(this.child, 'exit').then(([code, signal]) =>
      signal ? this.killedBy(signal) : gone(`the trainer ended with code ${code}`),
    );
    // 'error' before 'exit': it never started.
    const ended = await exit.catch((error: Error) => gone(`the trainer did not start: ${error.message}`));
    this.ended = true;
    await Promise.all(this.printed.map((output) => output.end()));
    return this.lastError ? { ...ended, message: `${ended.message}: ${this.lastError}` } : ended;
  }

  private killedBy(signal: NodeJS.Signals): Gone {
    const what = `the trainer was ended by ${signal}`;
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
