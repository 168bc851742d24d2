import { encodeManifest } from '../contract/dataset-manifest.js';
import type {
  DatasetFormat,
  ImportAssignment,
  ImportProgress,
  ImportSuccess,
} from '../contract/importer-protocol.js';
import type { DatasetStorage, ImageShape } from '../contract/spec.js';
import type { BlobStore } from '../storage/blob-store.js';
import { UnpackBudget } from './archive/budget.js';
import { isJunk, isNestedArchive } from './archive/names.js';
import { openArchive } from './archive/open.js';
import { checkClasses, checkOverlap } from './arrays/checks.js';
import { chooseSplits, type Splits } from './arrays/splits.js';
import { writeEncoded, writePixels } from './arrays/write.js';
import { detectFormat, openReader } from './formats/formats.js';
import type { FormatReader, ImportContext, ReadImages } from './formats/reader.js';
import { chooseImage } from './images/choose.js';
import { ImportError, type ProblemList } from './problems.js';

export interface ImportSurroundings {
  readonly blobs: BlobStore;
  /** An empty folder on the blobs' file system, whose files may be moved away. */
  readonly folder: string;
  readonly problems: ProblemList;
  onProgress(progress: ImportProgress): void;
}

/** Reading is most of the work. */
const READ_SHARE = 0.9;

/**
 * Makes the arrays of one upload. Everything about it is checked before the first blob is written; the same upload with
 * the same options makes the same blobs.
 * @throws ImportError where the upload is at fault
 */
export async function importDataset(
  assignment: ImportAssignment,
  surroundings: ImportSurroundings,
): Promise<ImportSuccess> {
  const { problems, folder } = surroundings;
  const { options, limits } = assignment;
  const { format, images } = await readImages(
    assignment,
    { options, limits, folder, problems },
    surroundings,
  );
  const { samples } = images;
  const splits = chooseSplits(samples, options.test_share, problems);
  checkClasses(images, splits, problems);
  checkOverlap(samples, splits, problems);
  const written = await write(assignment.name, images, splits, options.image, surroundings);
  samples.close();
  return { ...written, format, ...problems.summary };
}

async function readImages(
  assignment: ImportAssignment,
  context: ImportContext,
  { blobs, problems, onProgress }: ImportSurroundings,
): Promise<{ format: DatasetFormat; images: ReadImages }> {
  const path = await blobs.localPath(assignment.source);
  const archive = await openArchive(path, new UnpackBudget(context.limits));
  const asked = context.options.format;
  let format: DatasetFormat | null = asked === 'auto' ? null : asked;
  let reader: FormatReader | null = format && openReader(format, context);
  for await (const entry of archive.entries()) {
    if (isJunk(entry.name)) continue;
    if (isNestedArchive(entry.name)) {
      problems.warn('entry_ignored', 'an archive within the archive is not opened', entry.name);
      continue;
    }
    format ??= detectFormat(entry.name);
    if (format === null) continue;
    reader ??= openReader(format, context);
    await reader.take(entry);
    onProgress({ images: reader.count, share: READ_SHARE * archive.progress });
  }
  if (format === null || reader === null) throw unknownFormat();
  return { format, images: await reader.finish() };
}

function unknownFormat(): ImportError {
  return new ImportError(
    'dataset_format',
    'there are no images in folders, no CIFAR or MNIST files and no NumPy arrays in it',
  );
}

type Written = Omit<ImportSuccess, 'format' | 'problems' | 'problem_count'>;

async function write(
  name: string,
  { samples, classes, places }: ReadImages,
  splits: Splits,
  asked: Partial<ImageShape>,
  { blobs, folder, onProgress }: ImportSurroundings,
): Promise<Written> {
  const storage: DatasetStorage = samples.haveOneSize ? 'pixels' : 'encoded';
  const image = chooseImage(samples, storage, asked);
  const statistics = samples.moments.statistics(splits.train, image.channels);
  const writer = { samples, places, storage, channels: image.channels, folder, blobs };
  const facts = { name, image, classes, ...statistics };
  onProgress({ images: samples.count, share: READ_SHARE });
  const manifest =
    storage === 'pixels'
      ? { ...facts, storage, splits: await writeSplits(splits, (...split) => writePixels(writer, ...split)) }
      : {
          ...facts,
          storage,
          splits: await writeSplits(splits, (...split) => writeEncoded(writer, ...split)),
        };
  onProgress({ images: samples.count, share: 1 });
  return {
    manifest: await blobs.put(encodeManifest(manifest)),
    storage,
    image,
    classes,
    train_count: splits.train.length,
    test_count: splits.test.length,
    validation_count: splits.validation.length,
    ...statistics,
  };
}

async function writeSplits<T>(
  { train, test, validation }: Splits,
  writeOne: (name: string, images: Uint32Array) => Promise<T>,
): Promise<{ train: T; test: T; validation?: T }> {
  return {
    train: await writeOne('train', train),
    test: await writeOne('test', test),
    ...(validation.length > 0 && { validation: await writeOne('validation', validation) }),
  };
}
