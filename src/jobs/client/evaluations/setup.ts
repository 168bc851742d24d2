import type { EvaluationRequest } from '../../../contract/client/evaluations.js';
import { type DatasetManifest, splitOf } from '../../../contract/dataset-manifest.js';
import { METADATA_PREFIX } from '../../../contract/dataset-metadata.js';
import { StrataError } from '../../../contract/errors.js';
import type { StoredSetup } from '../../../contract/evaluator-protocol.js';
import type { ImageShape } from '../../../contract/spec.js';
import { MAX_EVALUATED_PROBABILITIES } from '../../process/limits.js';
import { refuse } from './refuse.js';
import type { Subject } from './subject.js';

export interface Planned {
  readonly setup: StoredSetup;
  readonly images: number;
}

/**
 * All that the parts of an evaluation need. @throws StrataError model_not_served, checkpoint_unusable,
 * classes_unknown, images_unfit, invalid_request
 */
export function planEvaluation(
  request: EvaluationRequest,
  subject: Subject,
  manifest: DatasetManifest,
  manifestUri: StoredSetup['manifest'],
): Planned {
  const { split, tta, variant, cascade } = request;
  const { sees } = subject;
  if (cascade && variant !== 'full') refuse('/cascade', 'Both networks answer: use variant full.');
  if (manifest.splits[split] === undefined) refuse('/split', `The dataset has no ${split} images.`);
  const { count: images } = splitOf(manifest, split);
  if (images === 0) refuse('/split', `The dataset has no ${split} images.`);
  const most = Math.floor(MAX_EVALUATED_PROBABILITIES / sees.classes.length);
  if (images > most)
    refuse('/split', `Has ${images} images; with these classes, at most ${most} are evaluated.`);
  requireColumns(manifest, request.slices);
  if (tta === 'five-crop') requireMargins(manifest, sees);
  if (manifest.storage === 'pixels') requireShape(manifest.image, sees.image);
  const setup = {
    network: subject.file(variant),
    image: sees.image,
    storage: sees.storage,
    classes: sees.classes,
    manifest: manifestUri,
    labels: matchClasses(manifest.classes, sees.classes),
    ...{ split, tta },
    compact: cascade ? subject.file('compact') : null,
    ...subject.setup,
    ...(request.slices.length > 0 && { slices: request.slices }),
  };
  return { setup, images };
}

/** @throws StrataError invalid_request */
function requireColumns({ metadata = [] }: DatasetManifest, slices: readonly string[]): void {
  const known = metadata.map(({ name }) => METADATA_PREFIX + name);
  for (const [place, column] of slices.entries()) {
    if (known.includes(column)) continue;
    const has = known.length === 0 ? 'It has no metadata' : `Its columns: ${known.join(', ')}`;
    refuse(`/slices/${place}`, `The dataset has no column ${column}. ${has}.`);
  }
}

/** The model's class of the same name, for each class of the dataset. */
function matchClasses(dataset: readonly string[], model: readonly string[]): number[] {
  const places = new Map(model.map((name, index) => [name, index]));
  const unknown = dataset.filter((name) => !places.has(name));
  if (unknown.length > 0) {
    const shown = unknown.slice(0, 10).join(', ');
    throw new StrataError(
      'classes_unknown',
      `The model does not know these classes of the dataset: ${shown}.`,
    );
  }
  return dataset.map((name) => places.get(name) ?? 0);
}

/** Crops differ only where the preparation of an image leaves margins. @throws StrataError invalid_request */
function requireMargins({ storage }: DatasetManifest, sees: Subject['sees']): void {
  if (storage === 'encoded' && sees.storage === 'encoded') return;
  const subject = storage === 'pixels' ? 'The images of the dataset are' : 'The model was trained on images';
  const why = `${subject} stored as pixels of the size that the network sees, so there is nothing to crop.`;
  refuse('/tta', `${why} Use flip or none.`);
}

/** Pixels are taken as they are: only files are scaled. @throws StrataError images_unfit */
export function requireShape(images: ImageShape, seen: ImageShape): void {
  const [has, wants] = [images, seen].map(({ height, width, channels }) => `${height}x${width}x${channels}`);
  if (has !== wants)
    throw new StrataError('images_unfit', `The images are ${has} pixels, but the model sees ${wants}.`);
}
