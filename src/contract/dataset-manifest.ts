import type { BlobUri } from './blob-uri.js';
import type { MetadataColumn } from './dataset-metadata.js';
import type { DatasetStorage, ImageShape } from './spec.js';

/**
 * A prepared dataset, as JSON in a blob. Importers write it and trainers read it. Its blobs are read at random
 * offsets, so that all trainers of a host share one copy in the page cache of the operating system.
 */
export type DatasetManifest = ManifestFacts &
  (
    | { readonly storage: 'pixels'; readonly splits: Splits<PixelSplit> }
    | { readonly storage: 'encoded'; readonly splits: Splits<EncodedSplit> }
  );

export interface ManifestFacts {
  readonly name: string;
  readonly storage: DatasetStorage;
  /** Shape of the images that the network sees. For encoded images: the default for jobs that set no size. */
  readonly image: ImageShape;
  readonly classes: readonly string[];
  /** One value per channel, over the pixels (0..255) of the training images: see channel-statistics.ts. */
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
  /** Columns of metadata, in the order of their codes in the files of the splits. Absent where the images have none. */
  readonly metadata?: readonly MetadataColumn[];
}

export const SPLIT_NAMES = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SPLIT_NAMES)[number];

export interface Splits<Split> {
  readonly train: Split;
  readonly test: Split;
  /** Absent where the upload has no validation split. */
  readonly validation?: Split;
}

/** Images of one size, decoded. */
export interface PixelSplit {
  readonly count: number;
  /** uint8 [count, height, width, channels] */
  readonly images: BlobUri;
  /** uint16, little endian [count]: indices of `classes` */
  readonly labels: BlobUri;
  /** Codes of the metadata (dataset-metadata.ts); absent where the images have none. */
  readonly metadata?: BlobUri;
}

/** Images of any size as JPEG, PNG or WebP files. After decoding they have 1 or 3 channels, as `image` says. */
export interface EncodedSplit {
  readonly count: number;
  /** The bytes of the files, one after another. */
  readonly images: BlobUri;
  /** uint64, little endian [count + 1]: image i is bytes offsets[i] to offsets[i + 1]; see dataset-offsets.ts. */
  readonly offsets: BlobUri;
  /** uint16, little endian [count]: indices of `classes` */
  readonly labels: BlobUri;
  /** Codes of the metadata (dataset-metadata.ts); absent where the images have none. */
  readonly metadata?: BlobUri;
}

/**
 * The files of one split.
 * @throws InvalidManifestError for the validation split of a dataset that has none
 */
export function splitOf(
  { splits }: Pick<DatasetManifest, 'splits'>,
  name: SplitName,
): PixelSplit | EncodedSplit {
  const split = splits[name];
  require(split !== undefined, `splits.${name}`, 'is missing');
  return split;
}

/** Every blob that the manifest refers to. */
export function blobsOf({ splits }: Pick<DatasetManifest, 'splits'>): BlobUri[] {
  return SPLIT_NAMES.map((name) => splits[name])
    .filter((split) => split !== undefined)
    .flatMap((split) => [
      ...[split.images, split.labels],
      ...('offsets' in split ? [split.offsets] : []),
      ...(split.metadata ? [split.metadata] : []),
    ]);
}

/** An invalid manifest, or an invalid file of one. The message names the field and its valid values. */
export class InvalidManifestError extends Error {
  constructor(field: string, wanted: string) {
    super(`the dataset's ${field} ${wanted}; import the dataset again`);
    this.name = 'InvalidManifestError';
  }
}

/** @throws InvalidManifestError for a manifest that `decodeManifest` would reject */
export function encodeManifest(manifest: DatasetManifest): Uint8Array {
  checkManifest(manifest);
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** @throws InvalidManifestError naming the first invalid field */
export function decodeManifest(bytes: Uint8Array): DatasetManifest {
  const manifest = parse(bytes) as DatasetManifest;
  checkManifest(manifest);
  return manifest;
}

/** Labels are uint16. */
const MAX_CLASSES = 2 ** 16;

function checkManifest(manifest: DatasetManifest): void {
  require(typeof manifest === 'object' && manifest !== null, 'manifest', 'must be an object');
  const { name, storage, image, classes, splits } = manifest;
  require(typeof name === 'string', 'name', 'must be a string');
  require(storage === 'pixels' || storage === 'encoded', 'storage', "must be 'pixels' or 'encoded'");
  for (const side of ['height', 'width', 'channels'] as const) {
    require(isCount(image?.[side], 1), `image.${side}`, 'must be a whole number of at least 1');
  }
  const decodable = storage === 'pixels' || image.channels === 1 || image.channels === 3;
  require(decodable, 'image.channels', 'must be 1 or 3 when images are encoded');
  require(Array.isArray(classes) && classes.every(isText), 'classes', 'must be a list of names');
  const named = classes.length > 0 && classes.length <= MAX_CLASSES;
  require(named, 'classes', `must be 1 to ${MAX_CLASSES} names`);
  checkStatistics(manifest);
  for (const split of ['train', 'test'] as const) checkSplit(`splits.${split}`, storage, splits?.[split]);
  if (splits.validation !== undefined) checkSplit('splits.validation', storage, splits.validation);
  checkMetadata(manifest);
}

function checkMetadata({ metadata, splits }: DatasetManifest): void {
  if (metadata === undefined) return;
  const isColumn = (column: MetadataColumn) =>
    isText(column?.name) && Array.isArray(column.values) && column.values.every(isText);
  require(Array.isArray(metadata) && metadata.every(isColumn), 'metadata', 'must be columns with values');
  for (const name of SPLIT_NAMES)
    require(splits[name] === undefined ||
      isBlob(splits[name].metadata), `splits.${name}.metadata`, "must be a blob's sha256 uri");
}

function checkStatistics({ mean, standard_deviation: deviation, image }: DatasetManifest): void {
  const perChannel = (values: readonly number[]) =>
    Array.isArray(values) && values.length === image.channels && values.every(Number.isFinite);
  require(perChannel(mean), 'mean', 'must be one number per channel');
  require(perChannel(deviation) &&
    deviation.every((value) => value > 0), 'standard_deviation', 'must be one number above 0 per channel');
}

function checkSplit(
  field: string,
  storage: DatasetStorage,
  split: PixelSplit | EncodedSplit | undefined,
): void {
  require(typeof split === 'object' && split !== null, field, 'is missing');
  require(isCount(split.count, 0), `${field}.count`, 'must be a whole number');
  const blobs = storage === 'encoded' ? ['images', 'offsets', 'labels'] : ['images', 'labels'];
  for (const blob of blobs) {
    require(isBlob(
      (split as EncodedSplit)[blob as 'images'],
    ), `${field}.${blob}`, "must be a blob's sha256 uri");
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new InvalidManifestError('manifest', 'must be JSON');
  }
}

function require(holds: boolean, field: string, wanted: string): asserts holds {
  if (!holds) throw new InvalidManifestError(field, wanted);
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown, min: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= min;
const isBlob = (value: unknown): boolean => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
