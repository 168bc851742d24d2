import { countOomKills } from './oom-kills.js';

/** Sender of the signal that ended a child: its worker, the kernel for lack of memory, or an unknown process. */
export type Killer = 'worker' | 'out_of_memory' | 'unknown';

/** The end of a child process. */
export interface Gone {
  readonly kind: 'gone';
  readonly message: string;
  /** Null: it ended by itself. */
  readonly killer: Killer | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
}

/** Finds out why a child has ended. Made when the child starts, because it counts what the kernel kills meanwhile. */
export class EndReport {
  readonly #oomKillsBefore = countOomKills();
  #killedBecause: string | null = null;

  /** @param name of the process, as its users call it */
  constructor(readonly name: string) {}

  /** Notes that this worker kills it now. The first reason counts. */
  killing(reason: string): void {
    this.#killedBecause ??= reason;
  }

  exited(code: number | null, signal: NodeJS.Signals | null): Gone {
    return signal ? this.#killedBy(signal) : this.#gone(`exited with code ${code}`);
  }

  failedToStart({ message }: Error): Gone {
    return this.#gone(`could not be started: ${message}`);
  }

  #killedBy(signal: NodeJS.Signals): Gone {
    const what = `was killed by ${signal}`;
    if (this.#killedBecause !== null)
      return this.#gone(`${what} of its worker, because ${this.#killedBecause}`, 'worker', signal);
    if (signal !== 'SIGKILL') return this.#gone(what, 'unknown', signal);
    if (countOomKills() > this.#oomKillsBefore)
      return this.#gone(`${what} of the kernel, for lack of memory`, 'out_of_memory', signal);
    const nobody = 'of an unknown sender: neither its worker nor the kernel for lack of memory';
    return this.#gone(`${what} ${nobody}`, 'unknown', signal);
  }

  #gone(what: string, killer: Killer | null = null, signal: NodeJS.Signals | null = null): Gone {
    return { kind: 'gone', message: `the ${this.name} ${what}`, killer, signal };
  }
}
