import type { DatasetFacts, JobSpec, ResolvedModel } from '../../contract/spec.js';
import type { Problems } from './problems.js';

type Format = JobSpec['exports'][number];

/** Formats that are the network of a library, and the channels of the images that it reads; null: any. */
const OF_LIBRARIES: readonly { readonly format: Format; readonly channels: number | null }[] = [
  { format: 'torchvision', channels: 3 },
  { format: 'timm', channels: null },
];
/** Channels of the first group, in both libraries. */
const LIBRARY_WIDTH = 64;

/** Other networks have no counterpart in these libraries: a file would not load, or would answer wrongly. */
export function checkExports(
  { exports: formats, export_options: options }: Pick<JobSpec, 'exports' | 'export_options'>,
  model: ResolvedModel,
  { image }: Pick<DatasetFacts, 'image'>,
  report: Problems,
): void {
  const asked = OF_LIBRARIES.filter(({ format }) => formats.includes(format));
  if (asked.length === 0) return;
  const names = asked.map(({ format }) => format).join(' and ');
  const { family, width, padding } = model;
  if (family !== 'imagenet-resnet') {
    report(
      '/exports',
      `a network of the family ${family} has no counterpart in ${names}; use imagenet-resnet, or the format safetensors`,
    );
    return;
  }
  const without = `or leave ${names} out of exports`;
  if (width !== LIBRARY_WIDTH)
    report('/model/width', `the networks of ${names} have the width ${LIBRARY_WIDTH}; use it, ${without}`);
  if (padding !== 'symmetric') {
    report(
      '/model/padding',
      `${names} pad symmetrically, and the same weights would answer wrongly; use symmetric, ${without}`,
    );
  }
  if (options.fold_batch_norm) {
    report(
      '/export_options/fold_batch_norm',
      `the networks of ${names} have batch norms; use false, ${without}`,
    );
  }
  for (const { format, channels } of asked) {
    if (channels === null || channels === image.channels) continue;
    report(
      '/exports',
      `the networks of ${format} read ${channels} channels, the images have ${image.channels}; use timm`,
    );
  }
}
