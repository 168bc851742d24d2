import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type {
  FromTrainer,
  RuntimeInfo,
  TaskAssignment,
  TaskFailure,
  TaskSuccess,
  ToTrainer,
} from '../../contract/trainer-protocol.js';

/** How an attempt ended: as the trainer reported it, or with the trainer. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly success: TaskSuccess }
  | { readonly kind: 'failed'; readonly failure: TaskFailure }
  | { readonly kind: 'gone'; readonly message: string };

type Report = Extract<FromTrainer, { type: 'progress' | 'metrics' }>;
export type OnReport = (report: Report) => void;

const STDERR_KEPT = 2_000;

/** One trainer process, from spawn to exit. It runs one task at a time and stays warm between them. */
export class TrainerChild {
  /** Resolves once it can take tasks; null when it ended before. */
  readonly ready: Promise<RuntimeInfo | null>;
  /** Resolves, with how it ended, when the process is seen gone. */
  readonly gone: Promise<string>;
  private readonly child: ChildProcess;
  private stderr = '';
  private ended = false;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.stderr = (this.stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.gone = this.watchEnd();
    this.ready = Promise.race([this.firstReady(), this.gone.then(() => null)]);
  }

  get alive(): boolean {
    return !this.ended;
  }

  /** Runs one task to its end, or to the trainer's. The caller waits for `ready` first. */
  async run(assignment: TaskAssignment, onReport: OnReport): Promise<Outcome> {
    const done = new AbortController();
    const answer = new Promise<Outcome>((resolve) => {
      const listen = (message: FromTrainer): void => {
        if (message.type === 'ready' || !isAbout(message, assignment)) return;
        if (message.type === 'succeeded') resolve({ kind: 'succeeded', success: message.success });
        else if (message.type === 'failed') resolve({ kind: 'failed', failure: message.failure });
        else onReport(message);
      };
      this.child.on('message', listen);
      done.signal.addEventListener('abort', () => this.child.off('message', listen));
    });
    const end = this.gone.then((message): Outcome => ({ kind: 'gone', message }));
    const order: ToTrainer = { type: 'run', assignment };
    // A trainer that cannot be reached is about to be seen gone.
    if (this.child.connected) this.child.send(order, () => undefined);
    const outcome = await Promise.race([answer, end]);
    done.abort();
    return outcome;
  }

  /** Ends the process at once and waits until it is seen gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private async watchEnd(): Promise<string> {
    const exit = once(this.child, 'exit').then(([code, signal]) =>
      signal ? `the trainer was ended by ${signal}` : `the trainer ended with code ${code}`,
    );
    // 'error' before 'exit': it never started.
    const ended = await exit.catch((error: Error) => `the trainer did not start: ${error.message}`);
    this.ended = true;
    const lastLine = this.stderr.trim().split('\n').at(-1);
    return lastLine ? `${ended}: ${lastLine}` : ended;
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
