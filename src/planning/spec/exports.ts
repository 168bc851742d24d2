import type { DatasetFacts, JobSpec, ResolvedModel } from '../../contract/spec.js';
import type { Problems } from './problems.js';

type Format = JobSpec['exports'][number];

/** A format that is the network of a library, and which networks the library has. Null: any. */
interface LibraryRule {
  readonly format: Format;
  readonly family: ResolvedModel['family'];
  readonly depths: readonly number[] | null;
  readonly width: number | null;
  readonly channels: number | null;
  /** Pixels of a side. */
  readonly side: readonly [min: number, max: number] | null;
}

const ANY = { depths: null, width: null, channels: null, side: null } as const;
const OF_LIBRARIES: readonly LibraryRule[] = [
  { ...ANY, format: 'torchvision', family: 'imagenet-resnet', width: 64, channels: 3 },
  { ...ANY, format: 'timm', family: 'imagenet-resnet', width: 64 },
  { ...ANY, format: 'transformers', family: 'imagenet-resnet' },
  { ...ANY, format: 'cifar-resnet', family: 'resnet', depths: [20, 32, 44, 56], width: 16, channels: 3 },
  // Its last layer pools 8x8 positions, a quarter of the side.
  { ...ANY, format: 'wide-resnet-pytorch', family: 'wide-resnet', channels: 3, side: [29, 32] },
];

/** Formats whose files name their outputs. */
const WITH_OUTPUTS: readonly Format[] = [
  'onnx',
  'onnx-int8',
  'onnx-float16',
  'tfjs-graph',
  'tfjs-graph-int8',
];

/** Other networks have no counterpart in these libraries: a file would not load, or would answer wrongly. */
export function checkExports(
  { exports: formats, export_options: options }: Pick<JobSpec, 'exports' | 'export_options'>,
  model: ResolvedModel,
  { image }: Pick<DatasetFacts, 'image'>,
  report: Problems,
): void {
  if (options.outputs.length > 0 && !WITH_OUTPUTS.some((format) => formats.includes(format))) {
    report(
      '/export_options/outputs',
      `only ${WITH_OUTPUTS.join(', ')} have further outputs; add one of them to exports, or leave outputs out`,
    );
  }
  const asked = OF_LIBRARIES.filter(({ format }) => formats.includes(format));
  const others = asked.filter(({ family }) => family !== model.family);
  if (others.length > 0) report('/exports', noCounterpart(others, model));
  const fitting = asked.filter(({ family }) => family === model.family);
  if (fitting.length === 0) return;
  const names = namesOf(fitting);
  const without = `or leave ${names} out of exports`;
  if (model.padding !== 'symmetric') {
    report(
      '/model/padding',
      `${names} pad${fitting.length === 1 ? 's' : ''} symmetrically, and the same weights would answer wrongly; use symmetric, ${without}`,
    );
  }
  if (options.fold_batch_norm) {
    report(
      '/export_options/fold_batch_norm',
      `the networks of ${names} have batch norms; use false, ${without}`,
    );
  }
  for (const library of fitting) checkSizes(library, model, image, report);
}

function noCounterpart(others: readonly LibraryRule[], { family }: ResolvedModel): string {
  const families = [...new Set(others.map((library) => library.family))].join(' or ');
  return `a network of the family ${family} has no counterpart in ${namesOf(others)}; use ${families}, or the format safetensors`;
}

function checkSizes(
  { format, depths, width, channels, side }: LibraryRule,
  model: ResolvedModel,
  image: DatasetFacts['image'],
  report: Problems,
): void {
  const without = `or leave ${format} out of exports`;
  if (width !== null && model.width !== width)
    report('/model/width', `the networks of ${format} have the width ${width}; use it, ${without}`);
  if (depths !== null && !depths.includes(model.depth))
    report(
      '/model/depth',
      `the networks of ${format} have the depths ${depths.join(', ')}; use one, ${without}`,
    );
  if (channels !== null && channels !== image.channels)
    report(
      '/exports',
      `the networks of ${format} read ${channels} channels, the images have ${image.channels}; use ${INSTEAD[model.family]}`,
    );
  if (side !== null && [image.height, image.width].some((pixels) => pixels < side[0] || pixels > side[1]))
    report(
      '/exports',
      `the network of ${format} reads images of ${side[0]} to ${side[1]} pixels a side, these have ${image.height}x${image.width}; use safetensors`,
    );
}

/** A format for images of other channels. */
const INSTEAD: Readonly<Record<ResolvedModel['family'], Format>> = {
  'imagenet-resnet': 'timm',
  resnet: 'safetensors',
  'wide-resnet': 'safetensors',
  'ode-resnet': 'safetensors',
};

const namesOf = (libraries: readonly LibraryRule[]): string =>
  libraries.map(({ format }) => format).join(' and ');
