import type { components } from '../../src/contract/generated/openapi.js';
import { median } from '../benchmark.js';

type Task = Pick<
  components['schemas']['Task'],
  'key' | 'kind' | 'stage' | 'round' | 'waits_for' | 'started_at' | 'finished_at' | 'seconds'
>;

export interface DispatchFigures {
  readonly tasks: number;
  /** From the end of the last task that it waited for to its claim. Medians of milliseconds, as all that follow. */
  readonly claimMs: number;
  /**
   * From there to its first step, at most: the way of the result from the trainer to the record, which no clock separates
   * from the way of the task to the trainer, is counted with it.
   */
  readonly startMs: number;
  /** Sum of both: the time from its inputs to its first step. */
  readonly firstStepMs: number;
  /** In which its outputs are stored. */
  readonly storeMs: number;
  /** All of it: what a task costs beside its steps. */
  readonly overheadMs: number;
  readonly worstOverheadMs: number;
  /**
   * Share of the time, from the first start to the last end with one device per stage, in which the devices run no
   * steps.
   */
  readonly idleShare: number;
}

/** Runs beside the loop. */
const BESIDE = 'data_thread';
/** Part of `seconds` outside of the steps. */
const STORE = 'checkpoint';
const AROUND = ['start', STORE];

/**
 * Cost of the stage tasks of a job besides their steps. @param loopSeconds seconds of the steps of a task @throws
 * RangeError if no task follows another
 */
export function dispatchFigures(
  tasks: readonly Task[],
  devices: number,
  loopSeconds: (task: Task) => number,
): DispatchFigures {
  const ends = new Map(tasks.map(({ key, finished_at }) => [key, Date.parse(finished_at!)]));
  const own = tasks.filter(({ kind, waits_for }) => kind === 'stage' && waits_for.length > 0);
  const followers = own.filter(({ waits_for }) => waits_for.some((key) => key.startsWith('stage')));
  if (followers.length === 0) throw new RangeError('no stage task follows another');
  const timed = followers.map((task) => {
    const started = Date.parse(task.started_at!);
    const claim = started - Math.max(...task.waits_for.map((key) => ends.get(key)!));
    const around = ends.get(task.key)! - started - 1000 * loopSeconds(task);
    const store = 1000 * (task.seconds[STORE] ?? 0);
    return { claim, start: around - store, store, overhead: claim + around };
  });
  const start = Math.min(...own.map(({ started_at }) => Date.parse(started_at!)));
  const end = Math.max(...own.map(({ key }) => ends.get(key)!));
  const stepping = own.reduce((sum, task) => sum + loopSeconds(task), 0);
  return {
    tasks: timed.length,
    claimMs: median(timed.map(({ claim }) => claim)),
    startMs: median(timed.map(({ start }) => start)),
    firstStepMs: median(timed.map(({ claim, start }) => claim + start)),
    storeMs: median(timed.map(({ store }) => store)),
    overheadMs: median(timed.map(({ overhead }) => overhead)),
    worstOverheadMs: Math.max(...timed.map(({ overhead }) => overhead)),
    idleShare: 1 - (1000 * stepping) / (devices * (end - start)),
  };
}

/** The parts of a task's steps, as its trainer timed them: less than its loop, which also reports and answers messages. */
export function partsOfSteps({ seconds }: Pick<Task, 'seconds'>): number {
  const parts = Object.entries(seconds).filter(([part]) => part !== BESIDE && !AROUND.includes(part));
  return parts.reduce((sum, [, spent]) => sum + spent, 0);
}
