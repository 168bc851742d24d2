import type { TaskSuccess } from '../../contract/trainer-protocol.js';
import { parallelRange, wholeNetwork } from '../../network/index.js';
import { mergeStates } from '../checkpoint/index.js';
import { SplitReader } from '../data/index.js';
import { type Evaluation, TrainedNetwork } from '../evaluation/index.js';
import { Stopwatch } from '../training/index.js';
import { readManifest, readState, type TaskContext } from './context.js';
import { compactLayers, describeRun } from './run-description.js';

/** Evaluates the composed network, and beside it the compact one, as the stages left them after a round. */
export async function evaluate(context: TaskContext): Promise<TaskSuccess> {
  const { spec, dataset, round } = context.assignment;
  const run = describeRun(spec, dataset);
  const watch = new Stopwatch(context.now);
  const started = context.now();
  const { weights } = mergeStates(
    await Promise.all(run.stages.map(({ index }) => readState(context, `state-${index}`))),
  );
  const readers = await openReaders(context);
  const compact = compactLayers(run.stages);
  const full = await evaluateLayers(context, wholeNetwork(run.network), weights, readers);
  const small = compact && (await evaluateLayers(context, compact, weights, readers));
  closeReaders(readers);
  watch.add('evaluate', (context.now() - started) / 1000);
  const result = figures(full, small);
  const step = parallelRange(run.rounds, round ?? 0).end - 1;
  context.metrics(Object.entries(result).map(([name, value]) => ({ name, stage: null, step, value })));
  return { outputs: {}, seconds: watch.seconds, artifacts: [], result };
}

/** The names under which accuracies appear in metrics and results. */
export function figures(full: Evaluation, compact: Evaluation | null): Record<string, number> {
  const result = { test_accuracy: full.accuracy, test_loss: full.loss };
  return compact ? { ...result, compact_accuracy: compact.accuracy, compact_loss: compact.loss } : result;
}

export interface Readers {
  readonly train: SplitReader;
  readonly test: SplitReader;
}

export async function openReaders(context: TaskContext): Promise<Readers> {
  const manifest = await readManifest(context);
  return {
    train: await SplitReader.open(manifest, 'train', context.blobs),
    test: await SplitReader.open(manifest, 'test', context.blobs),
  };
}

export function closeReaders({ train, test }: Readers): void {
  train.close();
  test.close();
}

async function evaluateLayers(
  context: TaskContext,
  layers: Parameters<typeof TrainedNetwork.calibrate>[0],
  weights: Parameters<typeof TrainedNetwork.calibrate>[1],
  { train, test }: Readers,
): Promise<Evaluation> {
  const network = TrainedNetwork.calibrate(layers, weights, train, context.assignment.spec.seed);
  try {
    return await network.evaluate(test, context.breathe);
  } finally {
    network.dispose();
  }
}
