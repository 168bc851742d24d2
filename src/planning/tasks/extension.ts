import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import type { TaskOutput } from '../../contract/trainer-protocol.js';
import { endToEndRange, endToEndStepsOf, parallelRange, type Rounds, roundsOf } from '../../method/rounds.js';
import { withEndedSparsity } from '../../method/sparsity.js';
import { type InputReference, type PlannedTask, planTasks } from './task-graph.js';

/** Outputs by the key of their task and their name. */
export type OutputsOfTasks = Readonly<Record<string, Readonly<Record<string, TaskOutput>>>>;

/** The request of an extension. */
export interface Added {
  readonly epochs: number;
  /** Whether the schedule begins again where the job ended. */
  readonly rewarm: boolean;
}

/**
 * Spec of the job that trains `added` more epochs, in the last phase. The steps before are those of `spec`: the same seed, the
 * same phases, and the same rates. Rounds keep their length where the steps of the last phase are whole rounds; otherwise they
 * get the nearest length of which they are, and nothing but the length of tasks depends on it.
 */
export function extendedSpec(spec: ResolvedSpec, facts: DatasetFacts, added: Added): ResolvedSpec {
  const rounds = roundsOf(spec, facts);
  const epochs = spec.epochs + added.epochs;
  const totalSteps = rounds.stepsPerEpoch * epochs;
  const joined = endToEndStepsOf(rounds.totalSteps, spec.method.end_to_end_share);
  const { schedule } = spec.optimizer;
  const round_steps = roundLength(rounds, joined);
  // Channels were all removed in the rounds that are made, however long these are counted now.
  const made = roundsOf({ ...spec, method: { ...spec.method, round_steps } }, facts).parallelRounds;
  const kept = rounds.totalSteps / totalSteps;
  const restarts = schedule.restart_epochs ?? [];
  return {
    ...spec,
    epochs,
    trackers: [],
    early_stopping: null,
    max_device_seconds: null,
    method: {
      ...spec.method,
      round_steps,
      ...withEndedSparsity(spec.method, made),
      end_to_end_share: joined === 0 ? 0 : (joined + totalSteps - rounds.totalSteps) / totalSteps,
    },
    optimizer: {
      ...spec.optimizer,
      schedule: {
        ...schedule,
        restart_epochs: added.rewarm ? [...restarts, spec.epochs] : restarts,
        // They are shares of the run, which is longer now.
        milestones:
          schedule.type !== 'step' || added.rewarm || restarts.length > 0
            ? schedule.milestones
            : schedule.milestones.map((share) => share * kept),
      },
    },
  };
}

/** The divisor of the steps of the last phase that is nearest to the length of the rounds, as a ratio. */
function roundLength({ roundSteps, parallelSteps }: Rounds, joinedSteps: number): number {
  const steps = joinedSteps || parallelSteps;
  const distance = (length: number) => Math.abs(Math.log(length / roundSteps));
  const divisors = Array.from({ length: steps }, (_, index) => index + 1).filter((one) => steps % one === 0);
  return divisors.reduce((best, one) => (distance(one) < distance(best) ? one : best), steps);
}

/** The outputs in which the training of a job ends, by the names under which finalize reads them. */
export function endOfTraining(
  spec: ResolvedSpec,
  facts: DatasetFacts,
  lastRound: number | null,
): ReadonlyMap<string, InputReference> {
  const finalize = planTasks(spec, facts, { lastRound }).at(-1);
  return new Map(Object.entries(finalize?.inputs ?? {}).filter(([name]) => name !== 'dataset'));
}

/**
 * The states of a job as outputs of the tasks that would have made them in a job with the rounds of `extended`.
 * @param states by the names of `endOfTraining`
 * @returns null where a task of the extension reads something else, like variables of samples
 */
export function carriedOutputs(
  spec: ResolvedSpec,
  extended: ResolvedSpec,
  facts: DatasetFacts,
  states: ReadonlyMap<string, TaskOutput>,
): OutputsOfTasks | null {
  const { round_steps } = extended.method;
  const divided = { ...spec, method: { ...spec.method, round_steps } };
  const outputs: Record<string, Record<string, TaskOutput>> = {};
  for (const [name, { task, output }] of endOfTraining(divided, facts, null)) {
    const state = states.get(name);
    if (state === undefined) return null;
    outputs[task] = { ...outputs[task], [output]: state };
  }
  const { totalSteps } = roundsOf(spec, facts);
  const needed = openTasks(planTasks(extended, facts), roundsOf(extended, facts), totalSteps).flatMap(
    ({ missing }) => missing,
  );
  return needed.every(({ task, output }) => outputs[task]?.[output]) ? outputs : null;
}

/** A task that is left to do, with what it reads of those that are not. */
interface OpenTask {
  readonly planned: PlannedTask;
  readonly missing: readonly InputReference[];
}

function openTasks(plan: readonly PlannedTask[], rounds: Rounds, steps: number): OpenTask[] {
  const open = plan.filter((planned) => !isBefore(planned, rounds, steps));
  const keys = new Set(open.map(({ key }) => key));
  return open.map((planned) => ({
    planned: { ...planned, after: planned.after.filter((key) => keys.has(key)) },
    missing: Object.values(planned.inputs).filter(({ task }) => !keys.has(task)),
  }));
}

/** Whether all steps of a task, or of the round that it evaluates, are among the first `steps`. */
function isBefore({ kind, key, round }: PlannedTask, rounds: Rounds, steps: number): boolean {
  if (round === null || kind === 'finalize') return false;
  const joined = kind === 'end_to_end' || key.startsWith('evaluate_joined');
  return (joined ? endToEndRange(rounds, round) : parallelRange(rounds, round)).end <= steps;
}

/** A task whose outputs come from the job that this one extends. */
export type CarriedTask = PlannedTask & { readonly made: Readonly<Record<string, TaskOutput>> };

/** Task of another job. A carried task that must run again, since its bytes are lost, fails with this name in the message. */
const ELSEWHERE = { task: 'the job that this one extends', output: 'the state' };

/** The tasks of a job that extends another one, whose first `steps` steps are trained. */
export function planExtension(
  spec: ResolvedSpec,
  facts: DatasetFacts,
  { steps, outputs }: { readonly steps: number; readonly outputs: OutputsOfTasks },
): (PlannedTask | CarriedTask)[] {
  const plan = planTasks(spec, facts);
  const open = openTasks(plan, roundsOf(spec, facts), steps).map(({ planned }) => planned);
  const carried = plan.flatMap((planned): CarriedTask[] => {
    const made = outputs[planned.key];
    return made ? [{ ...planned, inputs: { carried: ELSEWHERE }, after: [], made }] : [];
  });
  return [...carried, ...open];
}
