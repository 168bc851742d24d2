import type { components } from '../generated/openapi.js';
import { type Attempt, barsOf } from './bars.js';
import { figuresOf } from './figures.js';

type Task = components['schemas']['Task'];
type Part = Pick<Task, 'key' | 'kind' | 'stage' | 'round' | 'replica' | 'state' | 'progress' | 'waits_for'>;

/** A task that is still to come, with the time that list scheduling gives it. Milliseconds since the epoch. */
export interface Ghost {
  readonly task: Pick<Task, 'key' | 'kind' | 'stage' | 'round' | 'replica'>;
  readonly start: number;
  readonly end: number;
}

export interface Forecast {
  readonly ghosts: readonly Ghost[];
  /** End of the last task, milliseconds since the epoch. */
  readonly end: number;
}

/**
 * The rest of a schedule: each unfinished task, in the order of the plan, takes the first free slot once the tasks that it
 * waits for are done, for the mean time of finished attempts of its kind and stage (of its kind, if its stage has none).
 * A kind of which no attempt has ended takes at least as long as its running attempts have taken.
 * @param slots number of slots that work on the job, at least 1
 * @returns null before any task of each unfinished kind has ended: nothing is known of its time
 */
export function forecast(
  tasks: readonly Part[],
  attempts: readonly Attempt[],
  { slots, nowMs }: { readonly slots: number; readonly nowMs: number },
): Forecast | null {
  const meanOf = meanMilliseconds(attempts, nowMs);
  const done = new Map<string, number>();
  const free = new Array<number>(Math.max(1, slots)).fill(nowMs);
  const ghosts: Ghost[] = [];
  const waiting = tasks.filter(({ state }) => state !== 'succeeded');
  for (const { key, state } of tasks) if (state === 'succeeded') done.set(key, nowMs);
  // Tasks that run have their slot already, so they come first.
  const isRunning = ({ state }: Part) => state === 'running';
  for (const task of [...waiting.filter(isRunning), ...inOrder(waiting.filter((part) => !isRunning(part)))]) {
    const mean = meanOf(task);
    if (mean === null) return null;
    const slot = free.indexOf(Math.min(...free));
    const inputs = isRunning(task)
      ? nowMs
      : Math.max(nowMs, ...task.waits_for.map((key) => done.get(key) ?? nowMs));
    const start = isRunning(task) ? nowMs : Math.max(free[slot]!, inputs);
    const end = start + mean * (1 - task.progress);
    free[slot] = end;
    done.set(task.key, end);
    if (!isRunning(task)) ghosts.push({ task, start, end });
  }
  return { ghosts, end: Math.max(nowMs, ...done.values()) };
}

/**
 * Number of slots that work on a job: the maximum number of its slots at work so far. The attempts that run at the
 * moment are too few of them while the whole network trains or is evaluated.
 */
export function slotsInUse(attempts: readonly Attempt[], nowMs: number): number {
  return figuresOf(barsOf(attempts, nowMs))?.maxAtWork ?? 1;
}

/** Tasks behind those that they wait for; the order of the plan otherwise. */
function inOrder(tasks: readonly Part[]): Part[] {
  const open = new Map(tasks.map((task) => [task.key, task]));
  const ordered: Part[] = [];
  const visit = (task: Part): void => {
    if (!open.delete(task.key)) return;
    for (const key of task.waits_for) {
      const needed = open.get(key);
      if (needed) visit(needed);
    }
    ordered.push(task);
  };
  for (const task of tasks) visit(task);
  return ordered;
}

/** Mean duration of finished attempts that started at the beginning of their task. */
function meanMilliseconds(
  attempts: readonly Attempt[],
  nowMs: number,
): (task: Pick<Part, 'kind' | 'stage'>) => number | null {
  const sums = new Map<string, { total: number; count: number }>();
  const longest = new Map<string, number>();
  const add = (key: string, ms: number) => {
    const { total, count } = sums.get(key) ?? { total: 0, count: 0 };
    sums.set(key, { total: total + ms, count: count + 1 });
  };
  for (const { kind, stage, outcome, checkpoint_step: step, started_at: start, ended_at: end } of attempts) {
    const ms = (end === null ? nowMs : Date.parse(end)) - Date.parse(start);
    if (outcome === 'running') longest.set(kind, Math.max(ms, longest.get(kind) ?? 0));
    if (outcome !== 'succeeded' || step !== null) continue;
    add(kind, ms);
    add(`${kind} ${stage}`, ms);
  }
  const meanOf = (key: string) => {
    const sum = sums.get(key);
    return sum ? sum.total / sum.count : null;
  };
  return ({ kind, stage }) => {
    const known = meanOf(`${kind} ${stage}`) ?? meanOf(kind);
    if (known !== null || kind === 'prepare') return known;
    // Until a task of the joined network or an evaluation has ended, it counts as one round of a stage.
    const round = meanOf('stage');
    return round === null ? null : Math.max(round, longest.get(kind) ?? 0);
  };
}
