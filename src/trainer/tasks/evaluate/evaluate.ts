import type { TaskSuccess } from '../../../contract/trainer-protocol.js';
import { describeRun, parallelRange, type RunDescription } from '../../../method/index.js';

import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { type Evaluation, lowFidelityWarnings, TrainedNetwork } from '../../evaluation/index.js';
import type { NamedValues } from '../../optimizer/index.js';
import { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { compactLayers } from '../inputs/stage-parameters.js';

import { joinedState } from '../inputs/states.js';
import { diagnose } from './diagnose.js';

/** Evaluates the composed network and the compact one, after a round of the stages. */
export function evaluate(context: TaskContext): Promise<TaskSuccess> {
  return withReaders(context, (readers) => evaluateOn(context, readers));
}

async function evaluateOn(context: TaskContext, readers: Readers): Promise<TaskSuccess> {
  const { spec, dataset, round } = context.assignment;
  const run = describeRun(spec, dataset);
  const watch = new Stopwatch(context.now);
  const { weights } = await joinedState(context, run, parametersOf(wholeNetwork(run.network)));
  const step = parallelRange(run.rounds, round ?? 0).end - 1;
  const full = await TrainedNetwork.calibrate(wholeNetwork(run.network), weights, readers.train, spec.seed);
  try {
    const scores = await watch.timeAsync('evaluate', async () => ({
      full: await full.evaluate(readers.test, context.breathe),
      compact: await evaluateCompact(context, run, weights, readers),
    }));
    const diagnostics = await watch.timeAsync('diagnose', () =>
      diagnose(context, run, weights, full, readers, step),
    );
    const result = figures(scores.full, scores.compact);
    const scored = Object.entries(result).map(([name, value]) => ({ name, stage: null, step, value }));
    context.metrics([...scored, ...diagnostics]);
    const perStage = diagnostics.map(({ name, stage, value }) => [`${name}_${stage}`, value] as const);
    return {
      outputs: {},
      seconds: watch.seconds,
      artifacts: [],
      result: { ...result, ...Object.fromEntries(perStage) },
      warnings: lowFidelityWarnings(diagnostics, spec.method),
    };
  } finally {
    full.dispose();
  }
}

/** Names of accuracies in metrics and results. */
export function figures(full: Evaluation, compact: Evaluation | null): Record<string, number> {
  const result = { test_accuracy: full.accuracy, test_loss: full.loss };
  return compact ? { ...result, compact_accuracy: compact.accuracy, compact_loss: compact.loss } : result;
}

async function evaluateCompact(
  context: TaskContext,
  run: RunDescription,
  weights: NamedValues,
  { train, test }: Readers,
): Promise<Evaluation | null> {
  const layers = compactLayers(run.stages);
  if (!layers) return null;
  const network = await TrainedNetwork.calibrate(layers, weights, train, context.assignment.spec.seed);
  try {
    return await network.evaluate(test, context.breathe);
  } finally {
    network.dispose();
  }
}
