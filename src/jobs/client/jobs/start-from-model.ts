import { inputShape } from '../../../network/input-shape.js';
import { IMAGENET, type Normalization } from '../../../network/layouts/index.js';
import { findModelStart, type ModelStart } from '../../store/model-starts.js';
import { type Initial, type InitialParts, refuse, type Wanted } from './initial.js';
import {
  channelProblems,
  headProblems,
  keepsStatistics,
  methodProblems,
  modelProblems,
  normalizationProblems,
  paddedModel,
  statisticsProblems,
  withHead,
  withNormalization,
  withStatistics,
} from './initial-problems.js';

const MAX_PIXEL = 255;

/** The full network of a model. Its blob is touched, so that it outlives the model until the job has ended. */
export async function fromModel(
  { db, blobs }: InitialParts,
  tenant: string,
  { spec, facts, start, id }: Wanted,
): Promise<Initial> {
  const pointer = '/init_from/model';
  const model = await findModelStart(db, tenant, id);
  if (model === null) return refuse([{ pointer, message: `there is no model '${id}'` }]);
  const { channels } = inputShape(spec, facts);
  const normalization = normalizationOf(model);
  const keptTheirs = keepsStatistics(model.spec, spec);
  const problems = [
    ...modelProblems('model', paddedModel(model.spec), spec),
    ...channelProblems('model', model.image.channels, channels),
    ...methodProblems(spec),
    ...headProblems('model', model.classes.length, spec, facts),
    ...statisticsProblems('model', keptTheirs, spec),
    ...normalizationProblems('model', normalization, channels, spec),
  ];
  if (problems.length > 0) return refuse(problems);
  if (model.uri === null || !(await blobs.touch(model.uri)))
    return refuse([{ pointer, message: `the stored weights of '${id}' are missing; use another model` }]);
  const { spec: chosen, warnings } = withHead('model', model.classes, spec, start, facts);
  return {
    blobs: [model.uri],
    spec: withNormalization(withStatistics(chosen, keptTheirs), normalization),
    warnings,
  };
}

/** The numbers of the job that made the model, of pixels between 0 and 1; null where they are not known any more. */
function normalizationOf({ spec, statistics }: ModelStart): Normalization | null {
  const { normalization = 'dataset' } = spec;
  if (normalization === 'imagenet') return IMAGENET;
  if (typeof normalization === 'object') return normalization;
  if (statistics === null) return null;
  const share = (pixel: number) => pixel / MAX_PIXEL;
  return {
    mean: statistics.mean.map(share),
    standard_deviation: statistics.standard_deviation.map(share),
  };
}
