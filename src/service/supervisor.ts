import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { type Backoff, countDeath, RESTARTS, restartDelayMs } from './backoff.js';
import { ROOT } from './root.js';

/** What a child says once it serves; more than these fields may be there. */
export interface ReadyMessage {
  type: 'ready';
  url?: string;
  port?: number;
}

export interface ChildSpec {
  name: string;
  /** TypeScript file, relative to the checkout. */
  file: string;
  /** Of Node itself. */
  flags?: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Where its output goes: file descriptors as spawn takes them. */
  output: 'inherit' | number;
  log(line: string): void;
}

const READY_MS = 120_000;
const STOP_MS = 30_000;

/** One process that is kept running: started again, after a growing pause, whenever it dies. */
export class SupervisedChild {
  private child: ChildProcess | undefined;
  private deathsInRow = 0;
  private pause: NodeJS.Timeout | undefined;
  private stopping = false;
  private readonly events = new EventEmitter();

  constructor(
    readonly spec: ChildSpec,
    private readonly backoff: Backoff = RESTARTS,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the process; fails if it ends, or says nothing for long, before it is ready. */
  async start(): Promise<ReadyMessage> {
    const child = this.launch();
    const message = await firstMessage(child, this.spec.name);
    this.watch(child, performance.now());
    this.events.emit('ready', message);
    return message;
  }

  /** Sends a signal to the process that runs now. Supervision goes on: it is started again. */
  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends the process that runs now and waits until its successor is ready. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<ReadyMessage> {
    const next = this.nextReady();
    this.kill(signal);
    return next;
  }

  /** Resolves when the next process, not the one that runs now, is ready. */
  async nextReady(): Promise<ReadyMessage> {
    const [message] = await once(this.events, 'ready');
    return message as ReadyMessage;
  }

  /** Ends the process for good: SIGTERM, and SIGKILL for one that does not heed it. */
  async stop(patienceMs = STOP_MS): Promise<void> {
    this.stopping = true;
    clearTimeout(this.pause);
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => {
      this.spec.log(`${this.spec.name} does not stop; killing it`);
      child.kill('SIGKILL');
    }, patienceMs);
    await gone;
    clearTimeout(force);
  }

  private launch(): ChildProcess {
    const { file, flags = [], env, output } = this.spec;
    // setpriv: should this process be killed, the child is told to stop. A process group of its own: Ctrl-C in the
    // terminal reaches only us, who stop the children in order.
    const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
    const command = ['--pdeathsig', 'TERM', '--', process.execPath, ...flags, ...loader, file];
    const stdio: ('ignore' | 'ipc' | 'inherit' | number)[] = ['ignore', output, output, 'ipc'];
    this.child = spawn('setpriv', command, { cwd: ROOT, env, stdio, detached: true });
    return this.child;
  }

  private watch(child: ChildProcess, since: number): void {
    child.once('exit', (code, signal) => {
      if (!this.stopping) this.scheduleRestart(performance.now() - since, signal ?? `exit code ${code}`);
    });
  }

  private scheduleRestart(ranMs: number, how: string): void {
    this.deathsInRow = countDeath(this.deathsInRow, ranMs, this.backoff);
    const delayMs = restartDelayMs(this.deathsInRow, this.backoff);
    this.spec.log(`${this.spec.name} ended (${how}); starting it again in ${delayMs / 1000} s`);
    this.pause = setTimeout(() => {
      this.start().catch((error: Error) => {
        if (!this.stopping) this.scheduleRestart(0, error.message);
      });
    }, delayMs);
  }
}

/** The child's first ready message. */
function firstMessage(child: ChildProcess, name: string): Promise<ReadyMessage> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name} is not ready after ${READY_MS / 1000} s`));
    }, READY_MS);
    const settle = () => clearTimeout(late);
    child.on('message', (message: { type?: string }) => {
      if (message?.type !== 'ready') return;
      settle();
      resolve(message as ReadyMessage);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      settle();
      reject(new Error(`${name} ended before it was ready (${signal ?? `exit code ${code}`})`));
    });
  });
}
