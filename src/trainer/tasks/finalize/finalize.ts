import { encodePredictions, predictionsFile } from '../../../contract/test-predictions.js';
import { type ArtifactOutput, FINAL_WEIGHTS, type TaskSuccess } from '../../../contract/trainer-protocol.js';
import type { RunDescription } from '../../../method/index.js';
import { parametersOf, wholeNetwork } from '../../../network/index.js';
import { encodeState } from '../../checkpoint/index.js';
import {
  auxiliaryError,
  classFigures,
  type Evaluation,
  missedClassWarnings,
  REFIT,
  reconstructAuxiliary,
  TopClasses,
  TrainedNetwork,
} from '../../evaluation/index.js';
import type { NamedValues } from '../../optimizer/index.js';
import { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { classMetrics, figures } from '../evaluate/evaluate.js';
import { trainBatchesOn } from '../inputs/batches.js';
import { readHistory } from '../inputs/history.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { auxiliaryParameters, compactLayers } from '../inputs/stage-parameters.js';
import { initialWeights, readWeights } from '../inputs/states.js';
import { joinedWeights } from '../inputs/states-before.js';
import { runOfState } from '../inputs/stored-run.js';
import { writeDocuments } from './documents.js';
import { exportNetworks, type ScoredNetwork } from './export-networks.js';
import { writeReport } from './report.js';

/** A fitted AuxNet, with its relative error on test images before and after the fit. */
export interface ReconstructedAuxiliary {
  readonly stage: number;
  /** Null if the error is not finite. */
  readonly errorBefore: number | null;
  readonly errorAfter: number | null;
  readonly weights: NamedValues;
}

/**
 * The last task of a job: batch-norm statistics of the chain, AuxNet reconstruction, accuracy of the composed and
 * the compact network, exports with a parity check each, a model card and a report.
 */
export function finalize(context: TaskContext): Promise<TaskSuccess> {
  return withReaders(context, (readers) => finish(context, readers));
}

async function finish(context: TaskContext, readers: Readers): Promise<TaskSuccess> {
  const { spec } = context.assignment;
  const run = await runOfState(context);
  const watch = new Stopwatch(context.now);
  const history = await readHistory(context);
  const layers = wholeNetwork(run.network);
  const trained = await joinedWeights(context, run, parametersOf(layers));
  const count = compactLayers(run.stages) ? 2 : 1;
  // One part per AuxNet, then the evaluation, then one part per exported file.
  const parts = run.stages.length + 1 + count * spec.exports.length;
  const progress = (done: number) => context.progress(done, parts);
  const full = await TrainedNetwork.calibrate(layers, trained, readers.train, spec.seed);
  let compact: TrainedNetwork | null = null;
  try {
    const auxiliaries = await watch.timeAsync('reconstruct', () =>
      reconstructAll(context, run, full, readers, progress),
    );
    compact = await calibrateCompact(run, trained, auxiliaries, readers, spec.seed);
    const scored = await watch.timeAsync('evaluate', () => scoreAll(context, full, compact, readers));
    const validated = await watch.timeAsync('evaluate', () => validate(context, full, compact, readers));
    progress(run.stages.length);
    const exported = await watch.timeAsync('export', () =>
      exportNetworks(context, scored, readers, (done) => progress(run.stages.length + 1 + done)),
    );
    const result = {
      ...figures('test', scored[0]!.score, scored[1]?.score ?? null),
      ...(validated && figures('validation', validated.full, validated.compact)),
      // Trials of a sweep may be compared by it.
      ...(validated && { validation_macro_f1: validated.full.macroF1 }),
      ...auxiliaryFigures(auxiliaries),
      ...exported.differences,
    };
    const classes = {
      ...classMetrics('test', scored[0]!.score, scored[1]?.score ?? null),
      ...(validated && classMetrics('validation', validated.full, validated.compact)),
    };
    const finals = finalMetrics(run, result, classes);
    context.metrics(finals);
    const documents = await writeDocuments(context, history, result, exported.figures, finals);
    const report = await writeReport(context, run, result, exported.figures);
    const weights = await storeWeights(context, run, trained, auxiliaries);
    const predictions = await storePredictions(context, scored);
    const artifacts = [...exported.artifacts, ...documents, ...predictions, weights, report];
    const { serving: outputs, figures: networks } = exported;
    const lastStep = run.rounds.totalSteps - 1;
    const missed = missedClassWarnings(scored[0]!.classes, scored[0]!.score.accuracy, lastStep);
    const warnings = [...missed, ...exported.warnings];
    return { outputs, seconds: watch.seconds, artifacts, result, networks, warnings };
  } finally {
    full.dispose();
    compact?.dispose();
  }
}

/** The weights from which another job can start: the network, and the AuxNets fitted to it. */
async function storeWeights(
  { blobs }: TaskContext,
  run: RunDescription,
  network: NamedValues,
  auxiliaries: readonly ReconstructedAuxiliary[],
): Promise<ArtifactOutput> {
  const parameters = [...parametersOf(wholeNetwork(run.network)), ...run.stages.flatMap(auxiliaryParameters)];
  const weights = new Map(
    [network, ...auxiliaries.map((fitted) => fitted.weights)].flatMap((values) => [...values]),
  );
  const output = await blobs.put(encodeState(parameters, { weights, slots: new Map() }));
  return { name: FINAL_WEIGHTS, kind: 'weights', media_type: 'application/octet-stream', ...output };
}

/** The full network first. */
async function scoreAll(
  context: TaskContext,
  full: TrainedNetwork,
  compact: TrainedNetwork | null,
  readers: Readers,
): Promise<ScoredNetwork[]> {
  const first = await scoreOne(context, 'full', full, readers);
  return compact ? [first, await scoreOne(context, 'compact', compact, readers)] : [first];
}

async function scoreOne(
  { betweenSteps }: TaskContext,
  name: ScoredNetwork['name'],
  network: TrainedNetwork,
  { train, test }: Readers,
): Promise<ScoredNetwork> {
  const { classes: names } = test.manifest;
  const top = new TopClasses(test.count, names.length);
  const score = await network.evaluate(test, betweenSteps, (logits, labels) => top.add(logits, labels));
  const classes = classFigures(top.predictions, names, train.labels);
  return { name, network, score, classes, predictions: top.predictions };
}

/** Stores the predictions of each network on the test images, from which the API counts confusions. */
function storePredictions(
  { blobs }: TaskContext,
  networks: readonly ScoredNetwork[],
): Promise<ArtifactOutput[]> {
  return Promise.all(
    networks.map(async ({ name, predictions }) => ({
      name: predictionsFile(name),
      kind: 'report' as const,
      media_type: 'application/octet-stream',
      ...(await blobs.put(encodePredictions(predictions))),
    })),
  );
}

/** Scores on the validation images; null where the job has no such images. */
async function validate(
  { betweenSteps }: TaskContext,
  full: TrainedNetwork,
  compact: TrainedNetwork | null,
  { validation }: Readers,
): Promise<{ readonly full: Evaluation; readonly compact: Evaluation | null } | null> {
  if (!validation) return null;
  const score = await full.evaluate(validation, betweenSteps);
  return { full: score, compact: compact && (await compact.evaluate(validation, betweenSteps)) };
}

async function reconstructAll(
  context: TaskContext,
  run: RunDescription,
  full: TrainedNetwork,
  readers: Readers,
  progress: (done: number) => void,
): Promise<ReconstructedAuxiliary[]> {
  const { spec } = context.assignment;
  const batches = trainBatchesOn(readers.train, context);
  const results: ReconstructedAuxiliary[] = [];
  for (const { index: stage, auxiliary } of run.stages) {
    if (!auxiliary) continue;
    const prefix = full.part(run.stages.slice(0, stage).flatMap(({ layers }) => layers));
    const start =
      (await readWeights(context, `auxiliary-${stage}`)) ??
      (await initialWeights(context, auxiliaryParameters(run.stages[stage]!)));
    const { betweenSteps } = context;
    try {
      const errorBefore = await auxiliaryError(prefix, auxiliary, start, readers, spec.seed);
      const weights = await reconstructAuxiliary({
        prefix,
        auxiliary,
        weights: start,
        batches,
        fit: REFIT,
        betweenSteps,
      });
      const errorAfter = await auxiliaryError(prefix, auxiliary, weights, readers, spec.seed);
      results.push({ stage, errorBefore, errorAfter, weights });
    } finally {
      prefix.dispose();
    }
    progress(stage);
  }
  return results;
}

async function calibrateCompact(
  run: RunDescription,
  weights: NamedValues,
  auxiliaries: readonly ReconstructedAuxiliary[],
  readers: Readers,
  seed: number,
): Promise<TrainedNetwork | null> {
  const layers = compactLayers(run.stages);
  const last = auxiliaries.at(-1);
  return layers && last
    ? await TrainedNetwork.calibrate(layers, new Map([...weights, ...last.weights]), readers.train, seed)
    : null;
}

function auxiliaryFigures(auxiliaries: readonly ReconstructedAuxiliary[]): Record<string, number> {
  const figure = (name: string, value: number | null) => (value === null ? [] : [[name, value] as const]);
  return Object.fromEntries(
    auxiliaries.flatMap(({ stage, errorBefore, errorAfter }) => [
      ...figure(`auxiliary_error_before_${stage}`, errorBefore),
      ...figure(`auxiliary_error_${stage}`, errorAfter),
    ]),
  );
}

const FINAL_METRICS = ['test', 'compact', 'validation', 'compact_validation'].flatMap((name) => [
  `${name}_accuracy`,
  `${name}_loss`,
]);

/** The curves' last points, at the last step that was made, as every evaluation between rounds. */
function finalMetrics(
  run: RunDescription,
  result: Readonly<Record<string, number>>,
  classes: Readonly<Record<string, number>>,
) {
  const step = run.rounds.totalSteps - 1;
  const scores = FINAL_METRICS.filter((name) => name in result).map((name) => [name, result[name]!] as const);
  return [...scores, ...Object.entries(classes)].map(([name, value]) => ({ name, stage: null, step, value }));
}
