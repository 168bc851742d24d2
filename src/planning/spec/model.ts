import type { DatasetFacts, JobSpec, ResolvedModel } from '../../contract/spec.js';
import {
  blockGroups,
  hasFields,
  IMAGENET_DEPTHS,
  MIN_IMAGENET_SIDE,
  type ModelSize,
  OUTSIDE,
} from '../../network/resnet.js';
import {
  DEFAULT_GRADIENT,
  DEFAULT_SOLVER,
  DEFAULT_STEPS,
  GRADIENTS,
  SOLVERS,
} from '../../network/solvers.js';
import type { Problems } from './problems.js';

const DEFAULT_DEPTH = { resnet: 20, 'wide-resnet': 16, 'imagenet-resnet': 18, 'ode-resnet': 12 } as const;

const DEFAULT_WIDTH = { resnet: 16, 'wide-resnet': 4, 'imagenet-resnet': 64, 'ode-resnet': 16 } as const;

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
    ...(hasFields(family) && {
      solver: model.solver ?? DEFAULT_SOLVER,
      steps: model.steps ?? DEFAULT_STEPS,
      gradient: model.gradient ?? DEFAULT_GRADIENT,
    }),
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
  checkIntegration(model, report);
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

function checkIntegration(model: ModelSize, report: Problems): void {
  const { family, solver, gradient } = model;
  if (!hasFields(family)) {
    for (const field of ['solver', 'steps', 'gradient', 'learned_time'] as const)
      if (model[field])
        report(
          `/model/${field}`,
          `${family} integrates nothing over time; leave ${field} out, or use family ode-resnet`,
        );
    return;
  }
  if (!solver || !gradient || SOLVERS[solver].isImplicit || GRADIENTS[gradient].damping === 1) return;
  report(
    '/model/gradient',
    `${gradient} is for a solver whose steps are solved, and ${solver} computes them; use ${DEFAULT_GRADIENT}`,
  );
}

function checkDepth({ family, depth }: ModelSize, report: Problems): boolean {
  if (blockGroups(family, depth) !== null) return true;
  if (family === 'imagenet-resnet') {
    report('/model/depth', `${family} is available with depth ${IMAGENET_DEPTHS.join(', ')}, not ${depth}`);
    return false;
  }
  const outside = OUTSIDE[family];
  const below = Math.max(1, Math.floor((depth - outside) / 6));
  const nearest = [below, below + 1].map((n) => 6 * n + outside);
  report(
    '/model/depth',
    `${family} is available with depth 6n+${outside}; the nearest to ${depth} are ${nearest.join(' and ')}`,
  );
  return false;
}
