import type { components } from '../../src/contract/generated/openapi.js';
import { type Rounds, roundsOf, stepsOfTask } from '../../src/method/index.js';
import { median } from '../benchmark.js';
import { secondsOfTask } from '../service.js';
import { simulate } from '../simulation/simulate.js';

type Schemas = components['schemas'];
type Task = Schemas['Task'];

/** Times of a job and its tasks, as the API returns them. */
export interface Timed {
  readonly job: Pick<Schemas['Job'], 'spec'>;
  readonly tasks: readonly Pick<
    Task,
    'key' | 'kind' | 'stage' | 'round' | 'replica' | 'waits_for' | 'started_at' | 'finished_at'
  >[];
}

/** Seconds of an optimiser step. */
export interface StepSeconds {
  /** Seconds of the whole network on one device. */
  readonly joined: number;
  readonly stages: readonly number[];
}

/**
 * Seconds of each stage: medians over the tasks of a job, from start to end, so they include messages, reports and
 * checkpoints. 0 for an untrained stage.
 */
export function stageSeconds({ job, tasks }: Timed, trainCount: number): number[] {
  const rounds = roundsOfJob(job, trainCount);
  return Array.from({ length: job.spec.method.stages! }, (_, stage) => {
    const own = tasks.filter((task) => task.kind === 'stage' && task.stage === stage);
    return own.length > 0 ? median(own.map((task) => secondsOfTask(task) / stepsOf(rounds, task))) : 0;
  });
}

/**
 * When each task of a job would have ended on as many devices as it has stages or replicas, had each step taken what
 * `steps` says, and
 * evaluations, which both sides of a comparison need alike, nothing.
 */
export function virtualEnds(
  { job, tasks }: Timed,
  trainCount: number,
  steps: StepSeconds,
): Map<string, number> {
  const rounds = roundsOfJob(job, trainCount);
  const places = new Map(tasks.map(({ key }, index) => [key, index]));
  const { firstEnds } = simulate({
    tasks: tasks.map((task) => ({
      seconds: (stepsOf(rounds, task) + fillOf(task, job)) * secondsOfStep(task, job, steps),
      needs: task.waits_for.map((key) => places.get(key)!),
    })),
    jobs: 1,
    devices: Math.max(job.spec.method.stages!, job.spec.method.end_to_end_replicas!),
    dispatchSeconds: 0,
  });
  return new Map(tasks.map(({ key }, index) => [key, firstEnds[index]!]));
}

function secondsOfStep(
  { kind, stage }: Timed['tasks'][number],
  { spec }: Timed['job'],
  { joined, stages }: StepSeconds,
): number {
  if (kind === 'end_to_end') return joined;
  // A round of a pipeline is a task of all its stages, and takes turns as long as the slowest of them.
  if (kind !== 'stage') return 0;
  return isPipelined(spec) ? Math.max(...stages) : stages[stage!]!;
}

/** Turns in which a pipeline fills and drains, which it does in each round. */
function fillOf({ kind }: Timed['tasks'][number], { spec }: Timed['job']): number {
  return kind === 'stage' && isPipelined(spec) ? spec.method.stages! - 1 : 0;
}

const isPipelined = ({ method }: Timed['job']['spec']): boolean => method.type === 'pipeline';

const stepsOf = (rounds: Rounds, task: Timed['tasks'][number]): number => stepsOfTask(rounds, task) ?? 0;

const roundsOfJob = ({ spec }: Timed['job'], trainCount: number): Rounds =>
  // The API's specs have every choice made.
  roundsOf(spec as Parameters<typeof roundsOf>[0], { train_count: trainCount });
