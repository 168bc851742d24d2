import { type FieldError, StrataError } from '../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { storesVariables } from '../../method/methods.js';
import { trainSamples } from '../../method/rounds.js';
import { inputShape } from '../../network/input-shape.js';
import { checkCrop, checkCutout, checkImageSize, resolveAugmentation } from './images.js';
import { resolveMethod } from './method.js';
import { checkSamples } from './method-rules.js';
import { checkModel, DEFAULT_DEPTH, DEFAULT_WIDTH } from './model.js';
import { checkSchedule, resolveOptimizer } from './optimizer.js';
import { type DeviceCount, NO_DEVICES, resolvePrecision } from './precision.js';
import type { Problems } from './problems.js';

/**
 * Makes every choice that a job left open and checks the rules that span fields.
 * @param drawnSeed used where the job names none
 * @param registered devices that could train it now
 * @throws StrataError invalid_spec, with a JSON pointer and a remedy for every field at fault; precision_unavailable
 */
export function resolveSpec(
  spec: JobSpec,
  stored: DatasetFacts,
  drawnSeed: number,
  registered: DeviceCount = NO_DEVICES,
): ResolvedSpec {
  const problems: FieldError[] = [];
  const report: Problems = (pointer, message) => void problems.push({ pointer, message });
  checkImageSize(spec.image_size, stored, report);
  const dataset = { ...stored, image: inputShape(spec, stored) };
  const { family } = spec.model;
  const model = {
    ...spec.model,
    depth: spec.model.depth ?? DEFAULT_DEPTH[family],
    width: spec.model.width ?? DEFAULT_WIDTH[family],
  };
  const modelFits = checkModel(model, dataset, report);
  const samplesFit = checkSamples(spec, trainSamples(spec.max_train_samples, dataset), report);
  checkCutout(spec.augmentation.cutout, dataset.image, report);
  checkCrop(spec.augmentation, dataset, report);
  checkSchedule(spec, report);
  const optimizer = resolveOptimizer(spec.optimizer, report);
  const method =
    modelFits && samplesFit ? resolveMethod({ ...spec, model, optimizer }, dataset, report) : null;
  if (method === null || problems.length > 0) {
    throw new StrataError('invalid_spec', undefined, { errors: problems });
  }
  return {
    ...spec,
    model,
    method,
    optimizer,
    seed: spec.seed ?? drawnSeed,
    precision: resolvePrecision(spec.precision, registered),
    augmentation: resolveAugmentation(spec.augmentation, dataset, storesVariables(method)),
  };
}
