import type { DatasetFacts, JobSpec, ResolvedModel } from '../../contract/spec.js';
import { blockGroups, IMAGENET_DEPTHS, MIN_IMAGENET_SIDE, type ModelSize } from '../../network/resnet.js';
import type { Problems } from './problems.js';

const DEFAULT_DEPTH = { resnet: 20, 'wide-resnet': 16, 'imagenet-resnet': 18 } as const;

const DEFAULT_WIDTH = { resnet: 16, 'wide-resnet': 4, 'imagenet-resnet': 64 } as const;

/** @returns the model with its depth and width; null where no such network exists for these images */
export function resolveModel(
  model: JobSpec['model'],
  dataset: DatasetFacts,
  report: Problems,
): ResolvedModel | null {
  const { family } = model;
  const resolved = {
    ...model,
    depth: model.depth ?? DEFAULT_DEPTH[family],
    width: model.width ?? DEFAULT_WIDTH[family],
  };
  return checkModel(resolved, dataset, report) ? resolved : null;
}

function checkModel(model: ModelSize, { name, image }: DatasetFacts, report: Problems): boolean {
  const depthFits = checkDepth(model, report);
  if (model.dropout && model.family !== 'wide-resnet') {
    report(
      '/model/dropout',
      `${model.family} has no dropout; use 0, or family wide-resnet, which has dropout between its convolutions`,
    );
  }
  if (model.zero_init_residual && model.family === 'wide-resnet') {
    report(
      '/model/zero_init_residual',
      'blocks of wide-resnet end with a convolution, not with a batch norm; use false, or another family',
    );
  }
  if (model.family === 'imagenet-resnet' && Math.min(image.height, image.width) < MIN_IMAGENET_SIDE) {
    report(
      '/model/family',
      `imagenet-resnet requires images of at least ${MIN_IMAGENET_SIDE}x${MIN_IMAGENET_SIDE}; the images of ${name} ` +
        `are ${image.height}x${image.width}: use resnet or wide-resnet`,
    );
    return false;
  }
  return depthFits;
}

function checkDepth({ family, depth }: ModelSize, report: Problems): boolean {
  if (blockGroups(family, depth) !== null) return true;
  if (family === 'imagenet-resnet') {
    report('/model/depth', `${family} is available with depth ${IMAGENET_DEPTHS.join(', ')}, not ${depth}`);
    return false;
  }
  const { outside, text } = DEPTH_FORM[family];
  const below = Math.max(1, Math.floor((depth - outside) / 6));
  const nearest = [below, below + 1].map((n) => 6 * n + outside);
  report(
    '/model/depth',
    `${family} is available with depth ${text}; the nearest to ${depth} are ${nearest.join(' and ')}`,
  );
  return false;
}

const DEPTH_FORM = {
  resnet: { outside: 2, text: '6n+2' },
  'wide-resnet': { outside: 4, text: '6n+4' },
} as const;
