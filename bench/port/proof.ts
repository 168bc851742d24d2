import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConvertedWeights, convertWeights } from '../../src/jobs/client/weights/convert.js';
import { describeNetwork, type ModelSize, parametersOf, wholeNetwork } from '../../src/network/index.js';
import { exec } from '../../src/provision/exec.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { decodeState } from '../../src/trainer/checkpoint/index.js';
import { inferenceModel } from '../../src/trainer/export/index.js';
import { LIBRARIES, type LibraryFormat } from '../../src/trainer/export/libraries.js';
import { stateDict } from '../../src/trainer/export/state-dict.js';
import { classificationLoss } from '../../src/trainer/objective/classification.js';
import type { OptimizerState } from '../../src/trainer/optimizer/index.js';
import {
  inferenceRule,
  inferPass,
  type Statistics,
  trainPass,
  uploadWeights,
} from '../../src/trainer/passes/index.js';
import { arena, read, type Tensor, upload } from '../../src/trainer/runtime/index.js';

const SCRIPT = fileURLToPath(new URL('port.py', import.meta.url));
/** As in port.py. */
const [IMAGES, BATCH] = [2, 8];

/** A network of a library by its name there, and the sides of the images that it answers. */
export interface PortCase {
  readonly name: string;
  readonly sides: readonly number[];
  readonly libraries: readonly LibraryFormat[];
}

export interface PortRow {
  readonly name: string;
  /** Largest difference of a probability from PyTorch's, by side. */
  readonly answers: Readonly<Record<number, number>>;
  /** The largest probability, by which the differences are judged. */
  readonly largest: number;
  /**
   * |g - g'| / |g'| over all parameters, of the mean cross-entropy of eight images whose values are off the kinks of ReLU; g' is
   * PyTorch's in float64.
   */
  readonly gradient: number;
  /** The same of PyTorch's own gradient in float32. */
  readonly gradientByTorch: number;
  readonly exports: Readonly<Record<string, { tensors: number; equal: boolean; difference: number }>>;
}

/**
 * Weights of public libraries, there and back: PyTorch writes networks with their answers and gradients, we load, answer,
 * differentiate and export them, and each library loads the export strictly.
 * @param env in which python3 has torch, torchvision, timm, transformers and safetensors
 */
export async function provePort(
  folder: string,
  cases: readonly PortCase[],
  { env, blobs }: { readonly env: NodeJS.ProcessEnv; readonly blobs: BlobStore },
): Promise<PortRow[]> {
  const sides = JSON.stringify(Object.fromEntries(cases.map((each) => [each.name, each.sides])));
  const python = (command: string) => exec('python3', [SCRIPT, command, folder, sides], { env });
  await python('make');
  const rows: Omit<PortRow, 'exports'>[] = [];
  for (const each of cases) rows.push(await portOne(join(folder, each.name), each, blobs));
  const report: Record<string, PortRow['exports']> = JSON.parse(
    (await python('check')).trim().split('\n').at(-1)!,
  );
  return rows.map((row) => ({ ...row, exports: report[row.name] ?? {} }));
}

async function portOne(place: string, { name, sides, libraries }: PortCase, blobs: BlobStore) {
  const converted = await convertWeights(`${place}/weights.safetensors`, blobs, `import_${name}/weights`);
  const state = decodeState(await blobs.get(converted.blob.uri));
  const report: { answers: Record<string, number[]>; float32_gradient: number } = JSON.parse(
    readFileSync(`${place}/answers.json`, 'utf8'),
  );
  const { answers: expected, float32_gradient: gradientByTorch } = report;
  const answers = sides.map((side) => {
    const found = probabilities(converted, state, floats(`${place}/${side}.f32`), side);
    return [side, difference(found, expected[side] ?? [])] as const;
  });
  const theirs = await convertWeights(`${place}/gradients.safetensors`, blobs, `import_${name}/gradients`);
  const gradient = relativeError(
    gradients(converted, state, floats(`${place}/batch.f32`), sides[0]!),
    decodeState(await blobs.get(theirs.blob.uri)).weights,
  );
  for (const library of libraries) writeExport(place, library, converted, state);
  return {
    name,
    answers: Object.fromEntries(answers),
    largest: Math.max(...Object.values(expected).flat()),
    gradient,
    gradientByTorch,
  };
}

const modelOf = ({ network: { model }, padding }: ConvertedWeights): ModelSize => ({ ...model, padding });

const layersOf = (converted: ConvertedWeights, side: number) =>
  wholeNetwork(
    describeNetwork(
      modelOf(converted),
      { height: side, width: side, channels: converted.network.channels },
      converted.network.classes,
    ),
  );

function probabilities(
  converted: ConvertedWeights,
  state: OptimizerState,
  pixels: Float32Array,
  side: number,
): number[] {
  const layers = layersOf(converted, side);
  return arena(() => {
    const weights = uploadWeights(parametersOf(layers), state.weights);
    const { rule } = inferenceRule(layers, weights, statisticsOf(state));
    return softmax(
      read(inferPass(layers, upload(pixels, [IMAGES, side, side, 3]), weights, rule)),
      converted.network.classes,
    );
  });
}

/** Gradients of the mean cross-entropy of the batch, whose labels are 0, 1, 2, ... */
function gradients(
  converted: ConvertedWeights,
  state: OptimizerState,
  pixels: Float32Array,
  side: number,
): Map<string, Float32Array> {
  const layers = layersOf(converted, side);
  return arena(() => {
    const context = {
      weights: uploadWeights(parametersOf(layers), state.weights),
      gradients: new Map<string, Tensor>(),
    };
    const pass = trainPass(layers, upload(pixels, [BATCH, side, side, 3]), context, false);
    const labels = upload(
      Int32Array.from({ length: BATCH }, (_, index) => index),
      [BATCH],
    );
    pass.pullback(classificationLoss(pass.output, labels).cotangent);
    return new Map([...context.gradients].map(([key, tensor]) => [key, read(tensor)]));
  });
}

function writeExport(
  place: string,
  library: LibraryFormat,
  converted: ConvertedWeights,
  state: OptimizerState,
): void {
  const side = 64;
  const { channels, classes } = converted.network;
  const model = inferenceModel({
    layers: layersOf(converted, side),
    values: state.weights,
    statistics: statisticsOf(state),
    manifest: {
      storage: 'pixels',
      image: { height: side, width: side, channels },
      classes: Array.from({ length: classes }, (_, index) => String(index)),
      mean: [0, 0, 0],
      standard_deviation: [1, 1, 1],
    },
  });
  const { layout, config } = LIBRARIES[library];
  const folder = join(place, 'full', library);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), stateDict(model, modelOf(converted), layout));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config(model, modelOf(converted))));
}

/** The running means and variances of a file, as evaluations hold them. */
export function statisticsOf(state: OptimizerState): Statistics {
  const found = state.slots.get('statistics') ?? new Map<string, Float32Array>();
  return new Map(
    [...found].flatMap(([key, mean]) => {
      const name = key.replace(/\/mean$/, '');
      const variance = found.get(`${name}/variance`);
      return name === key || variance === undefined ? [] : [[name, { mean, variance }] as const];
    }),
  );
}

function floats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4).slice();
}

export function softmax(logits: Float32Array, classes: number): number[] {
  const rows = Array.from({ length: logits.length / classes }, (_, row) =>
    logits.subarray(row * classes, (row + 1) * classes),
  );
  return rows.flatMap((row) => {
    const top = Math.max(...row);
    const powers = [...row].map((value) => Math.exp(value - top));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
}

const difference = (actual: readonly number[], expected: readonly number[]): number =>
  actual.length === expected.length
    ? actual.reduce((max, value, index) => Math.max(max, Math.abs(value - expected[index]!)), 0)
    : Number.POSITIVE_INFINITY;

function relativeError(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
): number {
  let [error, size] = [0, 0];
  for (const [name, values] of expected) {
    const found = actual.get(name);
    values.forEach((value, index) => {
      error += ((found?.[index] ?? Number.NaN) - value) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(error / size);
}
