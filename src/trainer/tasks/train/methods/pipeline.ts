import type { TaskSuccess } from '../../../../contract/trainer-protocol.js';
import {
  forwardsTwice,
  lagOf,
  memoryInPipeline,
  parallelRange,
  type RunDescription,
  type StepRange,
} from '../../../../method/index.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  mergeStates,
} from '../../../checkpoint/index.js';
import { TrainerError } from '../../../errors.js';
import { afterRound, learningRateAt, Optimizer, type ReadableState } from '../../../optimizer/index.js';
import { type BatchStep, Pipeline, PipelineStage, reportsAt, Stopwatch } from '../../../training/index.js';
import { type TaskContext, TaskStopped } from '../../context.js';
import { layersToRun, readsFeatures } from '../../inputs/frozen-features.js';
import { runOfSteps } from '../../inputs/run.js';
import { stageParameters } from '../../inputs/stage-parameters.js';
import { readCheckpoint } from '../../inputs/states.js';
import { type Owned, withOwned } from '../../owned.js';
import { type Member, openMember, roundingOf } from '../gang.js';
import { statesBefore, storeStages } from '../joint-stages.js';
import { partSettings } from '../part.js';
import { saveCheckpoint, type Trainee, trainRound } from '../round.js';
import type { MethodTrainer } from './method-trainer.js';

/** `pipeline`: features go downstream and gradients upstream in every step, with fixed lags (docs/method.md). */
export const pipeline: MethodTrainer = {
  train: (context) => withOwned((owned) => trainPipeline(context, owned)),
  // Only the lags part the stages from back-propagation, and one batch in the composed network has none.
  gradients: null,
};

/** Trains all stages, or those of this trainer in its gang, for one round, at whose end no batch is under way. */
async function trainPipeline(context: TaskContext, owned: Owned): Promise<TaskSuccess> {
  const { spec, round, gang } = context.assignment;
  const run = runOfSteps(context);
  if (round === null) throw new TrainerError('invalid_assignment', 'a pipeline needs a round');
  const stopwatch = new Stopwatch(context.now);
  const checkpoint = await readCheckpoint(context);
  const steps = parallelRange(run.rounds, round);
  const inGang = new GangCheckpoints(context, run, steps);
  const member = openMember(run, spec, gang, (bytes) => inGang.received(bytes), owned);
  const joint = {
    run,
    steps,
    stage: null,
    parameters: member.stages.flatMap(stageParameters),
    state: () => statesBefore(context, member.stages),
    checkpoint,
    stopwatch,
    leads: member.isFirst,
    readsImages: member.isFirst && !readsFeatures(context),
    readsFeatures: member.isFirst && readsFeatures(context),
    begin: (before: ReadableState, opened: Owned) =>
      begun({ context, run, steps, checkpoint, member, inGang }, before, opened),
  };
  const outputs = await trainRound(context, joint, async (state) => {
    const ended = await stopwatch.timeAsync('optimizer', () => afterRound(spec.method, joint.state, state));
    return stopwatch.timeAsync('checkpoint', () => storeStages(context, member.stages, ended));
  });
  const result = gang ? { stream_bytes: member.sentBytes() } : {};
  return { outputs, seconds: stopwatch.seconds, artifacts: [], result };
}

interface PipelineRound {
  readonly context: TaskContext;
  readonly run: RunDescription;
  readonly steps: StepRange;
  readonly checkpoint: Checkpoint | null;
  readonly member: Member;
  readonly inGang: GangCheckpoints;
}

/** By itself: functions of a running round would hold a state that is used in a function beside them. */
function stagesOnDevice(
  { context, run, member }: Pick<PipelineRound, 'context' | 'run' | 'member'>,
  state: ReadableState,
  owned: Owned,
): PipelineStage[] {
  const { spec } = context.assignment;
  return member.stages.map((stage) => {
    const optimizer = new Optimizer(stageParameters(stage), state, partSettings(spec, null));
    owned.add(optimizer, () => optimizer.dispose());
    const { index } = stage;
    const layers = layersToRun(context, stage.layers);
    const lag = lagOf(run.stages.length, index);
    return new PipelineStage({
      ...{ index, layers, optimizer, lag, seed: spec.seed, precision: spec.precision },
      memory: memoryInPipeline(spec.method),
      recomputes: forwardsTwice(spec.method, index),
    });
  });
}

function begun(
  { context, run, steps, checkpoint, member, inGang }: PipelineRound,
  state: ReadableState,
  owned: Owned,
): Trainee {
  const { spec, gang } = context.assignment;
  const from = checkpoint?.step ?? steps.start;
  const stages = stagesOnDevice({ context, run, member }, state, owned);
  const first = Math.max(steps.start, from - stages[0]!.options.lag);
  const trained = new Pipeline({
    stages,
    upstream: member.upstream,
    downstream: member.downstream,
    rounding: roundingOf(spec.method),
    labelSmoothing: spec.label_smoothing,
    before: Array.from({ length: from - first }, (_, index): BatchStep => {
      const step = first + index;
      const learningRate = learningRateAt(spec.optimizer, step, run.rounds);
      return { step, learningRate, reports: reportsAt(steps, step) };
    }),
    forwarded: from - steps.start,
  });
  if (checkpoint) trained.restore(checkpoint.inFlight ?? new Map());
  const now = () => mergeStates(stages.map(({ options }) => options.optimizer.readableState()));
  inGang.begin(member, () => ({ state: now(), inFlight: trained.saved() }));
  return {
    trained,
    state: now,
    inFlight: () => trained.saved(),
    ...(gang && {
      saveGang: async (step: number, stops: boolean) => {
        await inGang.start(step, stops);
        return null;
      },
    }),
  };
}

type Part = Required<Pick<Checkpoint, 'state' | 'inFlight'>>;

/**
 * One checkpoint of all trainers of a gang. The first one sends its part down the stream of features, in front of the batch
 * that it does not include; each one that receives it there adds its own part, so that all parts are of the same step. The
 * last one stores the whole, which a single trainer would have stored too.
 */
class GangCheckpoints {
  #member: Member | null = null;
  #part: (() => Part) | null = null;

  constructor(
    private readonly context: TaskContext,
    private readonly run: RunDescription,
    private readonly steps: StepRange,
  ) {}

  begin(member: Member, part: () => Part): void {
    this.#member = member;
    this.#part = part;
  }

  async start(step: number, stops: boolean): Promise<void> {
    await this.#pass({ ...this.#own(), step, spool: null }, stops);
  }

  /** @throws TaskStopped if all trainers are to end with this checkpoint */
  async received(bytes: Uint8Array): Promise<void> {
    const stops = bytes[0] === 1;
    const before = decodeCheckpoint(bytes.subarray(1));
    const { state, inFlight } = this.#own();
    const joined: Checkpoint = {
      ...before,
      state: mergeStates([before.state, state]),
      inFlight: new Map([...(before.inFlight ?? []), ...inFlight]),
    };
    if (this.#member?.isLast) {
      const parameters = this.run.stages.flatMap(stageParameters);
      const made = await saveCheckpoint(this.context, { parameters, steps: this.steps }, joined);
      this.context.checkpointMade?.(made);
    } else await this.#pass(joined, stops);
    if (stops) throw new TaskStopped();
  }

  #own(): Part {
    if (!this.#part) throw new Error('a checkpoint came before the round began');
    return this.#part();
  }

  async #pass(checkpoint: Checkpoint, stops: boolean): Promise<void> {
    const { stages } = this.run;
    const end = this.#member?.stages.at(-1)?.index ?? 0;
    const bytes = encodeCheckpoint(stages.slice(0, end + 1).flatMap(stageParameters), checkpoint, 'gang');
    await this.#member?.passCheckpoint(Buffer.concat([Buffer.of(stops ? 1 : 0), bytes]));
  }
}
