import type { components } from '../../src/contract/generated/openapi.js';
import { median } from '../benchmark.js';

type Task = Pick<
  components['schemas']['Task'],
  'key' | 'kind' | 'stage' | 'waits_for' | 'started_at' | 'finished_at' | 'seconds'
>;

export interface DispatchFigures {
  readonly tasks: number;
  /** From the end of the last task that it waited for to its claim. Medians of milliseconds, as all that follow. */
  readonly claimMs: number;
  /** From there to its first step, and from its last step until its end is recorded. */
  readonly aroundMs: number;
  /** Both: what a task costs beside its steps. */
  readonly overheadMs: number;
  readonly worstOverheadMs: number;
  /** Of the time from the first start to the last end, on a device a stage, in which they take no steps. */
  readonly idleShare: number;
}

/** Runs beside the loop. */
const BESIDE = 'data_thread';
/** Of `seconds`, what surrounds the steps. */
const AROUND = ['start', 'checkpoint'];

/** What the stage tasks of a job cost beside their steps. @throws RangeError where none follows another */
export function dispatchFigures(tasks: readonly Task[], devices: number): DispatchFigures {
  const ends = new Map(tasks.map(({ key, finished_at }) => [key, Date.parse(finished_at!)]));
  const own = tasks.filter(({ kind, waits_for }) => kind === 'stage' && waits_for.length > 0);
  const followers = own.filter(({ waits_for }) => waits_for.some((key) => key.startsWith('stage')));
  if (followers.length === 0) throw new RangeError('no stage task follows another');
  const timed = followers.map((task) => {
    const started = Date.parse(task.started_at!);
    const claim = started - Math.max(...task.waits_for.map((key) => ends.get(key)!));
    const around = ends.get(task.key)! - started - 1000 * secondsOfSteps(task);
    return { claim, around, overhead: claim + around };
  });
  const start = Math.min(...own.map(({ started_at }) => Date.parse(started_at!)));
  const end = Math.max(...own.map(({ key }) => ends.get(key)!));
  const stepping = own.reduce((sum, task) => sum + secondsOfSteps(task), 0);
  return {
    tasks: timed.length,
    claimMs: median(timed.map(({ claim }) => claim)),
    aroundMs: median(timed.map(({ around }) => around)),
    overheadMs: median(timed.map(({ overhead }) => overhead)),
    worstOverheadMs: Math.max(...timed.map(({ overhead }) => overhead)),
    idleShare: 1 - (1000 * stepping) / (devices * (end - start)),
  };
}

function secondsOfSteps({ seconds }: Task): number {
  const parts = Object.entries(seconds).filter(([part]) => part !== BESIDE && !AROUND.includes(part));
  return parts.reduce((sum, [, spent]) => sum + spent, 0);
}
