import {
  FITTED_INPUT,
  servingOutput,
  type TaskOutput,
  type TaskSuccess,
} from '../../../contract/trainer-protocol.js';
import { type Layer, parametersOf, wholeNetwork } from '../../../network/index.js';
import { TrainedNetwork } from '../../evaluation/index.js';
import { exportNetwork, foldNorms, inferenceModel, TestAnswers } from '../../export/index.js';
import type { NamedValues } from '../../optimizer/index.js';
import { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { type Readers, withReaders } from '../inputs/readers.js';
import { compactLayers } from '../inputs/stage-parameters.js';
import { joinedWeights } from '../inputs/states-before.js';
import { runOfState } from '../inputs/stored-run.js';
import type { ScoredNetwork } from './export-networks.js';

/**
 * Makes the ONNX files of a checkpoint's networks, which serve its evaluation: the first part of `finalize`, which makes the
 * same bytes of the same weights. The compact network is made only of the final weights, to which its AuxNet is fitted.
 */
export function assemble(context: TaskContext): Promise<TaskSuccess> {
  return withReaders(context, async (readers) => {
    const watch = new Stopwatch(context.now);
    const run = await runOfState(context);
    const layers = wholeNetwork(run.network);
    const weights = await joinedWeights(context, run, parametersOf(layers));
    const networks: [ScoredNetwork['name'], readonly Layer[]][] = [['full', layers]];
    const compact = context.assignment.inputs[FITTED_INPUT] === undefined ? null : compactLayers(run.stages);
    if (compact) networks.push(['compact', compact]);
    const outputs: Record<string, TaskOutput> = {};
    for (const [index, [name, own]] of networks.entries()) {
      outputs[servingOutput(name)] = await watch.timeAsync('export', () =>
        assembleOne(context, name, own, weights, readers),
      );
      context.progress(index + 1, networks.length);
    }
    return { outputs, seconds: watch.seconds, artifacts: [], result: {} };
  });
}

async function assembleOne(
  context: TaskContext,
  folder: ScoredNetwork['name'],
  layers: readonly Layer[],
  weights: NamedValues,
  { train, test }: Readers,
): Promise<TaskOutput> {
  const { blobs, betweenSteps, assignment } = context;
  const { spec } = assignment;
  const network = await TrainedNetwork.calibrate(layers, weights, train, spec.seed);
  try {
    const { fold_batch_norm, outputs = [] } = spec.export_options;
    const trained = inferenceModel({ ...network.parts(), manifest: test.manifest });
    const model = fold_batch_norm ? foldNorms(trained) : trained;
    const answers = await TestAnswers.of(network, test, betweenSteps);
    const request = { folder, network: spec.model, model, outputs, answers, train, blobs };
    const { artifacts } = await exportNetwork('onnx', request);
    const { uri, size_bytes } = artifacts[0]!;
    return { uri, size_bytes };
  } finally {
    network.dispose();
  }
}
