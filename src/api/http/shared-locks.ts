import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ERRORS, type Lock, type Locker } from '@tus/server';
import { TURN_MS, type UploadTurns } from '../../contract/client/uploads.js';

/** A request waits this long for the one before it. */
const PATIENCE_MS = 30_000;
const ASK_MS = 200;
const KEEP_MS = TURN_MS / 10;

export interface LockOptions {
  readonly turns: UploadTurns;
  /** The id of an upload by its name in the store. */
  readonly idOf: (name: string) => string;
  /** Takes an error of a turn that could not be kept. */
  readonly onError: (error: unknown) => void;
}

/**
 * Locks of uploads that hold across processes: the turn is a row of Postgres. The protocol wants the newest request to win,
 * because the one before it may be a connection that is dead: whoever waits asks the holder to end.
 */
export function sharedLocks(options: LockOptions): Locker {
  return { newLock: (name) => new SharedLock(options.idOf(name), options) };
}

class SharedLock implements Lock {
  readonly #holder = randomUUID();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly id: string,
    private readonly options: LockOptions,
  ) {}

  /** @throws ERRORS.ERR_LOCK_TIMEOUT, ERRORS.FILE_NOT_FOUND of tus, and StrataError unavailable */
  async lock(signal: AbortSignal, cancel: () => Promise<void> | void): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const taken = await this.options.turns.take(this.id, this.#holder);
      if (taken === null) throw ERRORS.FILE_NOT_FOUND;
      if (taken) break;
      if (signal.aborted || performance.now() > until) throw ERRORS.ERR_LOCK_TIMEOUT;
      await setTimeout(ASK_MS);
    }
    this.#timer = setInterval(() => void this.#keep(cancel), KEEP_MS);
  }

  async unlock(): Promise<void> {
    clearInterval(this.#timer);
    await this.options.turns.release(this.id, this.#holder);
  }

  /** Without an answer of Postgres the turn stays until it is over. */
  async #keep(cancel: () => Promise<void> | void): Promise<void> {
    try {
      if (await this.options.turns.keep(this.id, this.#holder)) return;
      clearInterval(this.#timer);
      await cancel();
    } catch (error) {
      this.options.onError(error);
    }
  }
}
