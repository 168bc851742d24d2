import { tryAcquire } from '../provision/lock.js';
import { describeHolder, holderOf, isHere, lockOf, released } from './home.js';

/** The service that runs on a home. */
export interface RunningService {
  readonly pid: number;
  /** Null while it starts. */
  readonly url: string | null;
  /** Asks it to stop, and waits until all of it has. */
  stop(signal: AbortSignal): Promise<void>;
}

/** @returns null where none runs. @throws Error where something else has the home, or a service that cannot be reached */
export async function findService(home: string): Promise<RunningService | null> {
  const holder = await holderOf(home);
  if (!holder || !(await isTaken(home))) return null;
  const { pid, url, isService } = holder;
  if (!isService || !isHere(holder))
    throw new Error(`${home} is in use, but not by a service of this machine. ${await describeHolder(home)}`);
  return {
    pid,
    url,
    async stop(signal) {
      process.kill(pid, 'SIGTERM');
      await released(home, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw new Error(`Process ${pid} does not end. To end it at once:  kill -9 ${pid}`);
      });
    },
  };
}

/** The note of a lock stays when its holder has ended. */
async function isTaken(home: string): Promise<boolean> {
  const lock = await tryAcquire(lockOf(home));
  lock?.release();
  return lock === undefined;
}
