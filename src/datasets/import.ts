import { encodeManifest } from '../contract/dataset-manifest.js';
import type {
  DescribedColumn,
  ImportAssignment,
  ImportProgress,
  ImportSuccess,
} from '../contract/importer-protocol.js';
import type { DatasetStorage, ImageShape } from '../contract/spec.js';
import type { BlobStore } from '../storage/blob-store.js';
import { UnpackBudget } from './archive/budget.js';
import type { ArchiveEntry } from './archive/entry.js';
import { isJunk, isNestedArchive } from './archive/names.js';
import { openArchive } from './archive/open.js';
import { checkClasses, checkLabels, checkOverlap } from './arrays/checks.js';
import { CountedBlobs } from './arrays/counted-blobs.js';
import { chooseSplits, type Splits } from './arrays/splits.js';
import { writeEncoded, writePixels } from './arrays/write.js';
import { openReader } from './formats/formats.js';
import type { FormatReader, ImportContext, ReadImages, Survey } from './formats/reader.js';
import { surveyArchive } from './formats/survey.js';
import { chooseImage } from './images/choose.js';
import type { ColumnValues } from './metadata/column.js';
import { type ProblemList, readable } from './problems.js';

export interface ImportSurroundings {
  readonly blobs: BlobStore;
  /** An empty folder on the file system of the blobs, whose files may be moved away. */
  readonly folder: string;
  readonly problems: ProblemList;
  onProgress(progress: ImportProgress): void;
}

/** Names are read first; then reading the files is most of the work. */
const SURVEY_SHARE = 0.05;
const READ_SHARE = 0.9;

/**
 * Converts one upload to arrays. All checks are done before the first blob is written. The same upload with the
 * same options produces the same blobs. @throws ImportError if the upload is invalid
 */
export async function importDataset(
  assignment: ImportAssignment,
  surroundings: ImportSurroundings,
): Promise<ImportSuccess> {
  const { problems, folder } = surroundings;
  const { options, limits } = assignment;
  const survey = await readNames(assignment, surroundings);
  const { format } = survey;
  const images = await readImages(assignment, { options, limits, folder, problems, survey }, surroundings);
  const { samples } = images;
  const splits = chooseSplits(samples, options.test_share, problems);
  checkClasses(images, splits, problems);
  checkOverlap(samples, splits, problems);
  checkLabels(images, problems);
  const written = await write(assignment.name, images, splits, options.image, surroundings);
  samples.close();
  return { ...written, format, ...problems.summary };
}

async function readNames(
  { source, options, limits }: ImportAssignment,
  { blobs, problems, onProgress }: ImportSurroundings,
): Promise<Survey> {
  const archive = await openArchive(await blobs.localPath(source), new UnpackBudget(limits));
  return surveyArchive(archive, options, problems, (share) =>
    onProgress({ images: 0, share: SURVEY_SHARE * share }),
  );
}

async function readImages(
  { source }: ImportAssignment,
  context: ImportContext,
  { blobs, problems, onProgress }: ImportSurroundings,
): Promise<ReadImages> {
  const archive = await openArchive(await blobs.localPath(source), new UnpackBudget(context.limits));
  const reader = openReader(context.survey.format, context);
  const guessed = { count: 0, first: '' };
  for await (const entry of archive.entries()) {
    if (entry.kind !== 'file') continue;
    if (entry.isNameGuessed && guessed.count++ === 0) guessed.first = readable(entry.name);
    await takeOrLeave(reader, entry, problems);
    const share = SURVEY_SHARE + (READ_SHARE - SURVEY_SHARE) * archive.progress;
    onProgress({ images: reader.count, share });
  }
  if (guessed.count > 0) {
    const message = `${guessed.count} names are not UTF-8 and do not say what else; the first was read as ${guessed.first}`;
    problems.warn('names_guessed', message, guessed.first);
  }
  return reader.finish();
}

async function takeOrLeave(reader: FormatReader, entry: ArchiveEntry, problems: ProblemList): Promise<void> {
  const { name } = entry;
  if (isJunk(name)) problems.leaveOut('hidden files and those of the operating system', name);
  else if (isNestedArchive(name))
    problems.leaveOut('archives within the archive, which are not opened', name);
  else if (!(await reader.take(entry))) problems.leaveOut('files that the format has no use for', name);
}

type Written = Omit<ImportSuccess, 'format' | 'problems' | 'problem_count'>;

async function write(
  name: string,
  { samples, classes, places, metadata = [] }: ReadImages,
  splits: Splits,
  asked: Partial<ImageShape>,
  { blobs: store, folder, onProgress }: ImportSurroundings,
): Promise<Written> {
  const blobs = new CountedBlobs(store);
  const storage: DatasetStorage = samples.haveOneSize ? 'pixels' : 'encoded';
  const image = chooseImage(samples, storage, asked);
  const statistics = samples.moments.statistics(splits.train, image.channels);
  const codes = metadata.map((column) => column.codes);
  const writer = { samples, places, codes, storage, channels: image.channels, folder, blobs };
  const columns = metadata.map(({ name: column, values }) => ({ name: column, values }));
  const facts = { name, image, classes, ...statistics, ...(columns.length > 0 && { metadata: columns }) };
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
  const written = await blobs.put(encodeManifest(manifest));
  return {
    manifest: written,
    stored_bytes: blobs.sizeBytes,
    storage,
    image,
    classes,
    train_count: splits.train.length,
    test_count: splits.test.length,
    validation_count: splits.validation.length,
    ...statistics,
    metadata: metadata.map(describeColumn),
  };
}

const describeColumn = ({ name, values, codes }: ColumnValues): DescribedColumn => {
  return { name, values: values.length, missing: codes.filter((code) => code === 0).length };
};

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
