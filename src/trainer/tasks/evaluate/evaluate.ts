import type { TaskSuccess } from '../../../contract/trainer-protocol.js';
import { endToEndRange, parallelRange, type RunDescription } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import type { SplitReader } from '../../data/index.js';
import {
  type Evaluation,
  earlierFidelities,
  lowFidelityWarnings,
  TrainedNetwork,
} from '../../evaluation/index.js';
import type { NamedValues } from '../../optimizer/index.js';
import { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { readHistory } from '../inputs/history.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { compactLayers } from '../inputs/stage-parameters.js';
import { hasInput } from '../inputs/states.js';
import { joinedWeights } from '../inputs/states-before.js';
import { runOfState } from '../inputs/stored-run.js';
import { diagnose } from './diagnose.js';

/**
 * Evaluates the composed network, and beside it the compact one, as the stages left them after a round. Validation images
 * are scored where the job has some, so that the test images are scored once, at the end.
 */
export function evaluate(context: TaskContext): Promise<TaskSuccess> {
  return withReaders(context, (readers) => evaluateOn(context, readers));
}

async function evaluateOn(context: TaskContext, readers: Readers): Promise<TaskSuccess> {
  const { spec, round } = context.assignment;
  const run = await runOfState(context);
  const history = await readHistory(context);
  const watch = new Stopwatch(context.now);
  const weights = await joinedWeights(context, run, parametersOf(wholeNetwork(run.network)));
  const isJoined = readsJoinedNetwork(context);
  const range = isJoined ? endToEndRange : parallelRange;
  const step = range(run.rounds, round ?? 0).end - 1;
  const isLast = round === run.rounds.parallelRounds - 1;
  const scored = readers.validation ?? readers.test;
  const full = await TrainedNetwork.calibrate(wholeNetwork(run.network), weights, readers.train, spec.seed);
  try {
    const scores = await watch.timeAsync('evaluate', async () => ({
      full: await full.evaluate(scored, context.betweenSteps),
      compact: isJoined ? null : await evaluateCompact(context, run, weights, readers.train, scored),
    }));
    const diagnostics = isJoined
      ? []
      : await watch.timeAsync('diagnose', () =>
          diagnose(context, run, weights, full, { train: readers.train, test: scored }, step),
        );
    const images = readers.validation ? 'validation' : 'test';
    const result = figures(images, scores.full, scores.compact);
    const measured = { ...result, ...classMetrics(images, scores.full, scores.compact) };
    const points = Object.entries(measured).map(([name, value]) => ({ name, stage: null, step, value }));
    context.metrics([...points, ...diagnostics]);
    const perStage = diagnostics.map(({ name, stage, value }) => [`${name}_${stage}`, value] as const);
    return {
      outputs: {},
      seconds: watch.seconds,
      artifacts: [],
      // A network may be selected by it.
      result: {
        ...result,
        ...(readers.validation && { validation_macro_f1: scores.full.macroF1 }),
        ...Object.fromEntries(perStage),
      },
      warnings: lowFidelityWarnings(diagnostics, earlierFidelities(history, step), isLast, spec.method),
    };
  } finally {
    full.dispose();
  }
}

/** After a round of the end-to-end phase. The AuxNets do not fit this network, and it has no stages to diagnose. */
function readsJoinedNetwork(context: TaskContext): boolean {
  return hasInput(context, 'state');
}

/** Names that scores on each kind of images have in metrics and results. */
const NAMES = {
  test: { full: 'test', compact: 'compact' },
  validation: { full: 'validation', compact: 'compact_validation' },
} as const;

/** The names under which accuracies appear in metrics and results. */
export function figures(
  images: keyof typeof NAMES,
  full: Evaluation,
  compact: Evaluation | null,
): Record<string, number> {
  const named = (name: string, { accuracy, loss }: Evaluation) => ({
    [`${name}_accuracy`]: accuracy,
    [`${name}_loss`]: loss,
  });
  const names = NAMES[images];
  return { ...named(names.full, full), ...(compact && named(names.compact, compact)) };
}

/** Figures that one accuracy hides of classes with few images, for metrics; a result has the classes themselves. */
export function classMetrics(
  images: keyof typeof NAMES,
  full: Evaluation,
  compact: Evaluation | null,
): Record<string, number> {
  const named = (name: string, { balancedAccuracy, lowestClassAccuracy, macroF1 }: Evaluation) => ({
    [`${name}_balanced_accuracy`]: balancedAccuracy,
    [`${name}_lowest_class_accuracy`]: lowestClassAccuracy,
    [`${name}_macro_f1`]: macroF1,
  });
  const names = NAMES[images];
  return { ...named(names.full, full), ...(compact && named(names.compact, compact)) };
}

async function evaluateCompact(
  context: TaskContext,
  run: RunDescription,
  weights: NamedValues,
  train: SplitReader,
  scored: SplitReader,
): Promise<Evaluation | null> {
  const layers = compactLayers(run.stages);
  if (!layers) return null;
  const network = await TrainedNetwork.calibrate(layers, weights, train, context.assignment.spec.seed);
  try {
    return await network.evaluate(scored, context.betweenSteps);
  } finally {
    network.dispose();
  }
}
