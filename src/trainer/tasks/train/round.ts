import type { TaskCheckpoint } from '../../../contract/trainer-protocol.js';
import {
  countBefore,
  countSteps,
  isUnfrozenIn,
  type RunDescription,
  type StepRange,
} from '../../../method/index.js';
import { type ParameterSpec, sizeOf } from '../../../network/index.js';
import { type Checkpoint, writeCheckpoint } from '../../checkpoint/index.js';
import { type ReadableState, replicaRateAt, updateRuleOf, withMemories } from '../../optimizer/index.js';
import { freeUploaded } from '../../runtime/index.js';
import { type Stopwatch, type Trained, trainLoop } from '../../training/index.js';
import { allEnded } from '../all-ended.js';
import { checkPrecision, type Save, type TaskContext } from '../context.js';
import { openLabels, openSteps, type StepBatches } from '../inputs/batches.js';
import { withFeatures } from '../inputs/frozen-features.js';
import { type Owned, withOwned } from '../owned.js';
import { paceOf, samplesOf } from './metric-samples.js';
import { storeWritten } from './written-blob.js';

/** A round of a training task: a stage, the whole network or all stages together over a range of steps. */
export interface Round {
  readonly run: RunDescription;
  readonly steps: StepRange;
  /** The number that its metrics bear; null for the whole network and for all stages. */
  readonly stage: number | null;
  readonly parameters: readonly ParameterSpec[];
  /** Reads the state before the first of `steps`; not asked for where there is a checkpoint. */
  readonly state: () => Promise<ReadableState>;
  /** The checkpoint of an earlier attempt. */
  readonly checkpoint: Checkpoint | null;
  readonly stopwatch: Stopwatch;
  /** False for a trainer of a gang whose progress and pace another one reports. Absent: true. */
  readonly leads?: boolean;
  /** False for a trainer that needs the labels alone. Absent: true. */
  readonly readsImages?: boolean;
  /** Whether its batches have stored features (`layersToRun`). Absent: no. */
  readonly readsFeatures?: boolean;
  /** Brings the state to the device, where it trains. */
  readonly begin: (state: ReadableState, owned: Owned) => Trainee;
}

/** The trained parts of a round, on the device. */
export interface Trainee {
  readonly trained: Trained;
  /** Its arrays can be read until the next step or the end of the round. */
  readonly state: () => ReadableState;
  /**
   * Completes the files that the task has written, for a later attempt to go on with. Null where they cannot be kept while this
   * attempt goes on, which it does unless it `stops`; absent where the task writes none.
   */
  readonly keepFiles?: (stops: boolean) => Promise<Pick<Checkpoint, 'spool' | 'rows'> | null>;
  /**
   * Makes a checkpoint of all trainers of a gang, to which this one belongs. Absent: the task has one trainer. A gang makes none
   * after its last batch, when trainers are about to end.
   */
  readonly saveGang?: (step: number, stops: boolean) => Promise<null>;
  /** Tensors of batches that are under way between stages. Absent: every batch ends with its step. */
  readonly inFlight?: () => NonNullable<Checkpoint['inFlight']>;
}

/** Makes the steps of a round that are left. @param end takes the state that it ends in, while the device has it */
export async function trainRound<T>(
  context: TaskContext,
  round: Round,
  end: (state: ReadableState) => Promise<T>,
): Promise<T> {
  checkPrecision(context);
  const { checkpoint } = round;
  const from = checkpoint?.step ?? round.steps.start;
  return await withOwned(async (owned) => {
    const { batches, trainee } = await begun(context, round, from, owned);
    // The device has a copy, and nothing here needs the state any more.
    freeUploaded(round.parameters.reduce((sum, each) => sum + sizeOf(each), 0));
    await makeSteps(context, round, { from, batches, trainee });
    return await end(trainee.state());
  });
}

/** The state on the device, and the batches. By itself, so that no variable of a running round holds the arrays. */
async function begun(
  context: TaskContext,
  round: Round,
  from: number,
  owned: Owned,
): Promise<Pick<Beginning, 'batches' | 'trainee'>> {
  const opened = async () => {
    const opens = round.readsImages === false ? openLabels : openSteps;
    const batches = await opens(context, { ...round.steps, start: from });
    owned.add(batches, () => batches.close(round.stopwatch));
    return round.readsFeatures ? await withFeatures(context, batches, owned) : batches;
  };
  // Both at once: a task begins with waiting for files.
  const [state, batches] = await allEnded([round.checkpoint?.state ?? startOf(context, round), opened()]);
  return { batches, trainee: round.begin(state, owned) };
}

/** The state before the first step. Blocks that have been frozen until then have no memories yet. */
async function startOf(
  { assignment: { spec } }: TaskContext,
  { run, steps, parameters, state }: Round,
): Promise<ReadableState> {
  const before = await state();
  return isUnfrozenIn(run.rounds, steps)
    ? withMemories(before, parameters, updateRuleOf(spec.optimizer))
    : before;
}

interface Beginning {
  readonly from: number;
  readonly batches: StepBatches;
  readonly trainee: Trainee;
}

async function makeSteps(
  context: TaskContext,
  round: Round,
  { from, batches, trainee }: Beginning,
): Promise<void> {
  const { run, steps, stage, stopwatch, leads = true } = round;
  const { optimizer } = context.assignment.spec;
  const started = context.now();
  let done = 0;
  stopwatch.add('start', stopwatch.elapsed);
  const loop = {
    steps,
    from,
    stopwatch,
    batchAt: batches.at,
    learningRateAt: (step: number) => replicaRateAt(optimizer, step, run.rounds, steps.stride ?? 1),
    onReport: (report: Parameters<typeof samplesOf>[0]) => {
      // Stages of a pipeline report different steps at a time.
      done = Math.max(done, countBefore(steps, report.step + 1));
      if (leads) context.progress(done, countSteps(steps));
      context.metrics(samplesOf(report));
    },
    betweenSteps: async (next: number) => {
      if (trainee.saveGang && next >= steps.end) return;
      await context.betweenSteps(saving(context, round, trainee, next));
    },
  };
  await trainLoop(loop, trainee.trained);
  if (leads) context.metrics(paceOf(context, { ...steps, start: from }, stage, started, stopwatch));
}

function saving(context: TaskContext, round: Round, trainee: Trainee, step: number): Save {
  return (stops) =>
    round.stopwatch.timeAsync('checkpoint', async () => {
      if (trainee.saveGang) return trainee.saveGang(step, stops);
      // The files first: a checkpoint that can be read has all it names.
      const files = trainee.keepFiles ? await trainee.keepFiles(stops) : { spool: null };
      const inFlight = trainee.inFlight?.() ?? new Map();
      return files && saveCheckpoint(context, round, { state: trainee.state(), step, inFlight, ...files });
    });
}

/** Stores a checkpoint, and says how much of the task is in it. */
export async function saveCheckpoint(
  context: TaskContext,
  { parameters, steps }: Pick<Round, 'parameters' | 'steps'>,
  checkpoint: Checkpoint,
): Promise<TaskCheckpoint> {
  const { step } = checkpoint;
  const { task_id, attempt } = context.assignment;
  const stored = await storeWritten(context, 'checkpoint', (path) =>
    writeCheckpoint(path, parameters, checkpoint, `${task_id}-a${attempt}`),
  );
  // A round without steps only fits AuxNets.
  const share = countSteps(steps) === 0 ? 0 : countBefore(steps, step) / countSteps(steps);
  return { ...stored, step, share };
}
