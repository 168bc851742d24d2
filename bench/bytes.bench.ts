import type { DatasetFacts, ResolvedSpec } from '../src/contract/spec.js';
import { describeRun } from '../src/method/index.js';
import { type ParameterSpec, parametersOf, sizeOf, wholeNetwork } from '../src/network/index.js';
import { resolveSpec } from '../src/planning/spec/resolve.js';
import { CODECS } from '../src/trainer/messages/index.js';
import { jobSpec, MNIST } from '../test/jobs/support/specs.js';
import type { Benchmark, BenchmarkReport } from './benchmark.js';

const BATCH = 100;
const FLOAT_BYTES = 4;
const PRECISIONS = ['float32', 'float16', 'int8'] as const;
const SIDE = 32;
const DATASET: DatasetFacts = {
  ...MNIST,
  name: 'images-32',
  image: { height: SIDE, width: SIDE, channels: 3 },
  train_count: 50_000,
};
const NETWORKS = [
  { name: 'ResNet-110', model: { family: 'resnet', depth: 110, width: 16 } },
  { name: 'WRN-16-4', model: { family: 'wide-resnet', depth: 16, width: 4 } },
  { name: 'WRN-28-10', model: { family: 'wide-resnet', depth: 28, width: 10 } },
] as const;
const STAGES = [2, 4] as const;

export const benchmark: Benchmark = {
  name: 'bytes',
  title: `bytes a step that cross each boundary, in batches of ${BATCH} images of ${SIDE}x${SIDE}, beside an all-reduce`,
  run,
};

interface Boundary {
  readonly network: string;
  readonly stages: number;
  /** Stage whose input it is. */
  readonly stage: number;
  /** Bytes of a correction by precision, without the 8 of its checksum. */
  readonly correction: Readonly<Record<(typeof PRECISIONS)[number], number>>;
  /** Bytes of the AuxNet that replaces the stages before, which is sent once a round. */
  readonly auxiliary: number;
  /** The same, divided by the steps of a round. */
  readonly auxiliaryStep: number;
  /** A device sends so much in an all-reduce of the gradients over as many devices as there are stages. */
  readonly allReduce: number;
}

async function run(): Promise<BenchmarkReport> {
  const rows = NETWORKS.flatMap((network) => STAGES.flatMap((stages) => boundariesOf(network, stages)));
  const head =
    'MB a step                       fp32     fp16     int8   AuxNet (a round)   all-reduce, a device';
  const about = [
    'The augmented Lagrangian sends a correction (fp32, fp16 or int8) each step and the AuxNet once a round; the penalty',
    'method sends the AuxNet alone. An all-reduce sends 2(K-1)/K of the weights from each of K devices in each step.',
    'Counted from the codecs and the parameters, with nothing trained. Cuts are those of `split: auto`.',
  ];
  return { lines: [head, ...rows.map(lineOf), '', ...about], figures: { batch: BATCH, rows } };
}

function boundariesOf({ name, model }: (typeof NETWORKS)[number], stages: number): Boundary[] {
  const spec = specOf(model, stages);
  const { network, stages: parts, rounds } = describeRun(spec, DATASET);
  const weights = bytesOf(parametersOf(wholeNetwork(network)));
  return parts.slice(1).map(({ index, input, auxiliary }) => {
    const shape = [BATCH, input.height, input.width, input.channels];
    const records = PRECISIONS.map((precision) => [precision, CODECS[precision].recordBytes(shape)]);
    const once = auxiliary ? bytesOf(parametersOf(auxiliary)) : 0;
    return {
      ...{ network: name, stages, stage: index },
      correction: Object.fromEntries(records) as Boundary['correction'],
      auxiliary: once,
      auxiliaryStep: once / rounds.roundSteps,
      allReduce: (2 * (stages - 1) * weights) / stages,
    };
  });
}

function specOf(model: (typeof NETWORKS)[number]['model'], stages: number): ResolvedSpec {
  const method = { type: 'augmented-lagrangian', stages } as const;
  return resolveSpec(jobSpec({ batch_size: BATCH, model, method }), DATASET, 7);
}

function bytesOf(parameters: readonly ParameterSpec[]): number {
  return parameters.reduce((sum, parameter) => sum + FLOAT_BYTES * sizeOf(parameter), 0);
}

function lineOf(row: Boundary): string {
  const mb = (bytes: number, width: number) => (bytes / 1e6).toFixed(2).padStart(width);
  const { network, stages, stage, correction, auxiliary, auxiliaryStep, allReduce } = row;
  const where = `${network}, K=${stages}, before stage ${stage}`.padEnd(29);
  const records = PRECISIONS.map((precision) => mb(correction[precision], 7)).join('  ');
  return `${where} ${records}  ${(auxiliaryStep / 1e6).toFixed(3).padStart(8)} ${`(${mb(auxiliary, 0)})`.padEnd(8)}  ${mb(allReduce, 10)}`;
}
