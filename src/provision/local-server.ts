import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acquire, type Lock, tryAcquire } from './lock.js';

/** A database server that runs on this machine in a folder of its own. */
export interface ServerProgram {
  readonly name: string;
  readonly folder: string;
  /** From the gentlest to the one that no process survives. */
  readonly stopSignals: readonly NodeJS.Signals[];
  /** Address for clients. The port may change until the first launch, but not after it. */
  url(): Promise<string>;
  /** The process that runs on the folder, as far as this machine's process ids tell. */
  pid(): Promise<number | undefined>;
  answers(): Promise<boolean>;
  /** Starts it. It ends when this process does, and keeps `lock` until its last process is gone. */
  launch(lock: Lock): Promise<ChildProcess>;
  /** Resolves once the launched server answers; fails if it ends before. */
  ready(child: ChildProcess): Promise<void>;
}

export interface LocalServer {
  readonly url: string;
  readonly pid: number;
  /** False where it ran already. */
  readonly started: boolean;
  stop(): Promise<void>;
}

const START_ATTEMPTS = 3;
/** Time without an answer after which a server that starts up or shuts down is given up. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 100;
const STOP_MS = 30_000;
const FORCE_MS = 2_000;

/**
 * Starts the server of a folder, or finds the one that runs. One that runs without answering is waited for, then reported:
 * only those who own the folder may stop it.
 */
export async function startServer(program: ServerProgram): Promise<LocalServer> {
  const lock = await lockUnlessAnswering(program);
  if (lock) (await launchFirst(program, lock)).unref();
  const url = await program.url();
  const pid = (await program.pid()) ?? 0;
  return { url, pid, started: lock !== undefined, stop: async () => void (await stopServer(program)) };
}

/** The address of the server that runs, once it answers. It is never started or stopped. */
export async function findServer(program: ServerProgram): Promise<string> {
  const lock = await lockUnlessAnswering(program);
  lock?.release();
  if (lock) throw new Error(`${program.name} does not run in ${program.folder}. Start the service first.`);
  return program.url();
}

/** Launches the server for the first time, on another port where its last one is taken. */
export async function launchFirst(program: ServerProgram, lock: Lock): Promise<ChildProcess> {
  try {
    for (let attempt = 1; ; attempt++) {
      const child = await program.launch(lock);
      const error = await program.ready(child).then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (!error) return child;
      if (attempt === START_ATTEMPTS) throw error;
    }
  } finally {
    // The server has a descriptor of its own.
    lock.release();
  }
}

/** Stops the server of a folder if one runs, and says whether it did. For those who own the folder. */
export async function stopServer(program: ServerProgram): Promise<boolean> {
  const free = await tryAcquire(serverLock(program));
  free?.release();
  if (free) return false;
  const over = new AbortController();
  const gone = acquire(serverLock(program), { signal: over.signal }).then((lock) => lock.release());
  const patience = program.stopSignals.map((_, index) => (index === 0 ? STOP_MS : FORCE_MS));
  for (const [index, signal] of program.stopSignals.entries()) {
    const pid = await program.pid();
    if (pid) kill(pid, signal);
    const late = delay(patience[index], 'late' as const, { ref: false });
    if ((await Promise.race([gone, late])) !== 'late') return true;
  }
  over.abort();
  await gone.catch(() => undefined);
  throw new Error(await stuck(program, 'does not stop'));
}

/** Held by a server for as long as any of its processes lives. */
export function serverLock({ folder }: ServerProgram): string {
  return join(folder, 'server');
}

async function lockUnlessAnswering(program: ServerProgram): Promise<Lock | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const lock = await tryAcquire(serverLock(program));
    if (lock || (await program.answers())) return lock;
    if (performance.now() > deadline) throw new Error(await stuck(program, 'runs but does not answer'));
    await delay(LOOK_MS);
  }
}

async function stuck(program: ServerProgram, what: string): Promise<string> {
  const pid = await program.pid();
  const who = pid
    ? `${program.name} (process ${pid}) ${what}. End it with:  kill -${program.stopSignals[0]?.slice(3)} ${pid}`
    : `${program.name} ${what}. Its process is not visible from here: it may run in another container`;
  return `${who}. Its folder is ${program.folder}.`;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
