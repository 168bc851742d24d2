import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { endingWithUs } from '../provision/processes.js';
import { type Backoff, countDeath, RESTARTS, restartDelayMs } from './backoff.js';
import { ROOT } from './root.js';

/** A program that a supervisor starts again whenever it dies. */
export interface Program<Ready> {
  readonly name: string;
  /** From the request to stop to the signal that no process survives. */
  readonly stopSignals: readonly NodeJS.Signals[];
  /** @param signal fires when the program is no longer wanted */
  launch(signal: AbortSignal): Promise<ChildProcess>;
  /** Resolves once the process serves; fails if it ends before. */
  ready(child: ChildProcess): Promise<Ready>;
  log(line: string): void;
}

const STOP_MS = 30_000;
/** Between two signals, after the first. */
const FORCE_MS = 2_000;

/** A process that is restarted after a growing pause whenever it ends. */
export class Supervised<Ready> {
  private child: ChildProcess | undefined;
  private deathsInRow = 0;
  private pause: NodeJS.Timeout | undefined;
  private starting: Promise<Ready> | undefined;
  private readonly over = new AbortController();
  private readonly events = new EventEmitter();

  constructor(
    private readonly program: Program<Ready>,
    private readonly backoff: Backoff = RESTARTS,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the process. Rejects if it ends, or stays silent for too long, before it is ready. */
  start(): Promise<Ready> {
    this.starting = this.launch();
    return this.starting;
  }

  /** Sends a signal to the running process. The process is restarted afterwards. */
  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends the running process and waits until its successor is ready. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ready> {
    const next = this.nextReady();
    this.kill(signal);
    return next;
  }

  /** Resolves when the successor of the running process is ready. */
  async nextReady(): Promise<Ready> {
    const [message] = await once(this.events, 'ready');
    return message as Ready;
  }

  /** Ends the process for good: asks it to stop, and kills it if it has not ended after `patienceMs`. */
  async stop(patienceMs = STOP_MS): Promise<void> {
    this.over.abort();
    clearTimeout(this.pause);
    const { child } = this;
    if (child && isAlive(child)) await this.end(child, patienceMs);
    await this.starting?.catch(() => undefined);
  }

  private async launch(): Promise<Ready> {
    const { program } = this;
    const child = await program.launch(this.over.signal);
    this.child = child;
    if (this.over.signal.aborted) child.kill('SIGKILL');
    const message = await program.ready(child);
    this.watch(child, performance.now());
    this.events.emit('ready', message);
    return message;
  }

  private async end(child: ChildProcess, patienceMs: number): Promise<void> {
    const gone = once(child, 'exit');
    const [first = 'SIGTERM', ...forces] = this.program.stopSignals;
    child.kill(first);
    const timers = forces.map((signal, index) =>
      setTimeout(
        () => {
          this.program.log(`${this.program.name} does not stop; sending it ${signal}`);
          child.kill(signal);
        },
        Math.max(0, patienceMs - FORCE_MS * (forces.length - 1 - index)),
      ),
    );
    await gone;
    for (const timer of timers) clearTimeout(timer);
  }

  private watch(child: ChildProcess, since: number): void {
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (this.over.signal.aborted) return;
      this.scheduleRestart(performance.now() - since, signal ?? `exit code ${code}`);
    };
    if (isAlive(child)) child.once('exit', ended);
    else ended(child.exitCode, child.signalCode);
  }

  private scheduleRestart(ranMs: number, how: string): void {
    this.deathsInRow = countDeath(this.deathsInRow, ranMs, this.backoff);
    const delayMs = restartDelayMs(this.deathsInRow, this.backoff);
    this.program.log(`${this.program.name} ended (${how}); starting it again in ${delayMs / 1000} s`);
    this.pause = setTimeout(() => {
      this.start().catch((error: Error) => {
        if (!this.over.signal.aborted) this.scheduleRestart(0, error.message);
      });
    }, delayMs);
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The first message of one of the service's own processes, once it serves; it may have more fields. */
export interface ReadyMessage {
  type: 'ready';
  url?: string;
  port?: number;
}

export interface ChildSpec {
  name: string;
  /** TypeScript file, relative to the checkout. */
  file: string;
  /** Flags of Node itself. */
  flags?: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Target of its output: file descriptors as in spawn. */
  output: 'inherit' | number;
  log(line: string): void;
}

const READY_MS = 120_000;

/** One of the service's own processes, which run in Node. */
export class SupervisedChild extends Supervised<ReadyMessage> {
  constructor(
    readonly spec: ChildSpec,
    backoff?: Backoff,
  ) {
    const { name, log } = spec;
    const program: Program<ReadyMessage> = {
      name,
      log,
      stopSignals: ['SIGTERM', 'SIGKILL'],
      launch: async () => launchNode(spec),
      ready: (child) => firstMessage(child, name),
    };
    super(program, backoff);
  }
}

/** In a process group of its own: Ctrl-C in the terminal reaches only us, who stop the children in order. */
function launchNode({ file, flags = [], env, output }: ChildSpec): ChildProcess {
  const loader = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const stdio: ('ignore' | 'ipc' | 'inherit' | number)[] = ['ignore', output, output, 'ipc'];
  const command = endingWithUs('TERM', [process.execPath, ...flags, ...loader, file]);
  return spawn(...command, { cwd: ROOT, env, stdio, detached: true });
}

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
