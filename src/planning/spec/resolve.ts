import { type FieldError, StrataError } from '../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../contract/spec.js';
import { storesVariables } from '../../method/methods.js';
import { trainSamples } from '../../method/samples.js';
import { resolveAugmentation } from './augmentation.js';
import { checkBatchSize } from './batch-size.js';
import { checkClassBalance } from './class-balance.js';
import { checkDeviceSeconds } from './device-seconds.js';
import { checkEarlyStopping } from './early-stopping.js';
import { checkExports } from './exports.js';
import { resolveImageSize } from './image-size.js';
import { resolveMethod } from './method/resolve-method.js';
import { resolveModel } from './model.js';
import { checkNormalization } from './normalization.js';
import { resolveOptimizer } from './optimizer.js';
import { type DeviceCount, NO_DEVICES, resolvePrecision } from './precision.js';
import type { Problems } from './problems.js';
import { checkRecipe } from './recipe.js';
import { checkSelection } from './selection.js';
import { checkValidationShare } from './validation-share.js';

/**
 * Makes every open choice of a job and checks the rules between fields.
 * @param drawnSeed used if the job sets no seed
 * @param registered devices that could train the job now
 * @throws StrataError invalid_spec, with a JSON pointer and a remedy for every invalid field; precision_unavailable
 */
export function resolveSpec(
  spec: JobSpec,
  stored: DatasetFacts,
  drawnSeed: number,
  registered: DeviceCount = NO_DEVICES,
): ResolvedSpec {
  const problems: FieldError[] = [];
  const report: Problems = (pointer, message) => void problems.push({ pointer, message });
  checkRecipe(spec, report);
  const dataset = resolveImageSize(spec, stored, report);
  const model = resolveModel(spec.model, dataset, report);
  checkValidationShare(spec, dataset, report);
  const fills = checkBatchSize(spec, trainSamples(spec, dataset), report);
  const optimizer = resolveOptimizer(spec, report);
  const method =
    model !== null && fills ? resolveMethod({ ...spec, model, optimizer }, dataset, report) : null;
  const unchanged = method !== null && storesVariables(method);
  // They look at every round, so the number of tasks must be within its limit first.
  if (method !== null && problems.length === 0) {
    checkEarlyStopping({ ...spec, method }, dataset, report);
    checkDeviceSeconds({ ...spec, method }, dataset, report);
    checkSelection({ ...spec, method }, dataset, report);
  }
  if (model !== null) checkExports(spec, model, dataset, report);
  checkNormalization(spec, dataset, report);
  checkClassBalance(spec, dataset, unchanged, report);
  const augmentation = resolveAugmentation(spec, dataset, unchanged, report);
  if (model === null || method === null || problems.length > 0) {
    throw new StrataError('invalid_spec', undefined, { errors: problems });
  }
  return {
    ...spec,
    model,
    method,
    optimizer,
    augmentation,
    seed: spec.seed ?? drawnSeed,
    precision: resolvePrecision(spec.precision, registered),
  };
}
