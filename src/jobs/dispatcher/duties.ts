import { type Loop, startLoop } from '../process/loop.js';
import type { Log } from '../process/process.js';
import type { LoopReport } from '../store/dispatchers.js';

/** One thing that the dispatcher does by itself, again and again. */
export interface Duty {
  readonly name: string;
  readonly intervalMs: number;
  /** The nudges of `strata_dispatch` that make it look at once: of tasks that became ready, of any change, or none. */
  readonly nudgedBy: 'ready' | 'changes' | 'time';
  run(): Promise<void>;
}

export interface Duties {
  /** Lets the duties look now that the nudge concerns; `ready` concerns few, any other text all that follow changes. */
  nudge(payload: string): void;
  reports(): LoopReport[];
  stop(): Promise<void>;
}

/** Starts a loop for each duty: one that fails or hangs is logged and counted, and holds up no other. */
export function startDuties(duties: readonly Duty[], log: Log): Duties {
  const loops = duties.map((duty) => ({ duty, loop: startDuty(duty, log) }));
  return {
    nudge(payload) {
      for (const { duty, loop } of loops) if (concerns(payload, duty)) loop.nudge();
    },
    reports: () => loops.map(({ duty, loop }) => reportOf(duty.name, loop)),
    async stop() {
      await Promise.all(loops.map(({ loop }) => loop.stop()));
    },
  };
}

function startDuty({ name, intervalMs, run }: Duty, log: Log): Loop {
  return startLoop(run, intervalMs, (error) => log.error({ err: error, duty: name }, `duty ${name} failed`));
}

/** After each task of each job: a look at everything would take the time of whoever trains beside it. */
function concerns(payload: string, { nudgedBy }: Duty): boolean {
  return nudgedBy === 'ready' || (nudgedBy === 'changes' && payload !== 'ready');
}

function reportOf(name: string, loop: Loop): LoopReport {
  const last = loop.lastSuccess();
  const failures = loop.failures();
  if (last === null) return { name, ageS: null, seconds: null, failures };
  return { name, ageS: (performance.now() - last.endedAt) / 1000, seconds: last.seconds, failures };
}
