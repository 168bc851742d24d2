import type { BlobUri } from '../../../contract/blob-uri.js';
import type { DatasetsClient, ImageFilter, Picture } from '../../../contract/client/datasets.js';
import {
  type DatasetManifest,
  decodeManifest,
  type EncodedSplit,
  SPLIT_NAMES,
  type SplitName,
  splitOf,
} from '../../../contract/dataset-manifest.js';
import { StrataError } from '../../../contract/errors.js';
import { memoize } from '../../../contract/memoize.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { type DatasetWithImport, findDataset } from '../../store/datasets.js';
import { notFound } from '../require-job.js';
import { readStored } from '../stored.js';
import { className, skipTo } from '../views/parts.js';
import { encodePng } from './png.js';

type ImageMethods = Pick<DatasetsClient, 'getDatasetStatistics' | 'listDatasetImages' | 'getDatasetImage'>;

/** Number of manifests, and of lists of labels, that are kept in memory. */
const KEPT = 16;
/** Size of an offset in the blob of offsets (dataset-offsets.ts). */
const OFFSET_BYTES = 8;

/** Reads manifests and labels, which never change, for all tenants. */
export interface DatasetFiles {
  manifest(uri: BlobUri): Promise<DatasetManifest>;
  labels(uri: BlobUri): Promise<Uint16Array>;
}

export function openDatasetFiles(blobs: BlobStore): DatasetFiles {
  return {
    manifest: memoize(async (uri: BlobUri) => decodeManifest(await blobs.get(uri)), { max: KEPT }),
    labels: memoize(async (uri: BlobUri) => new Uint16Array(Uint8Array.from(await blobs.get(uri)).buffer), {
      max: KEPT,
    }),
  };
}

/** Samples and counts of the datasets that a tenant can use. */
export function datasetImageMethods(
  db: Database,
  blobs: BlobStore,
  files: DatasetFiles,
  tenant: string,
): ImageMethods {
  const prepared = async (id: string) => {
    const row = (await findDataset(db, tenant, id)) ?? notFound(id);
    const uri = preparedManifest(row);
    return { row, manifest: await readStored(row.name, () => files.manifest(uri)) };
  };
  const labelsOf = (manifest: DatasetManifest, split: SplitName) => {
    const found = manifest.splits[split];
    return found
      ? readStored(manifest.name, () => files.labels(found.labels))
      : Promise.resolve(new Uint16Array());
  };
  return {
    async getDatasetStatistics(id) {
      const { row, manifest } = await prepared(id);
      const labels = await Promise.all(SPLIT_NAMES.map((split) => labelsOf(manifest, split)));
      const [train, validation, test] = labels.map((values) => countClasses(values, row.classes.length));
      return {
        object: 'dataset_statistics',
        dataset_id: row.id,
        mean: [...manifest.mean],
        standard_deviation: [...manifest.standard_deviation],
        classes: row.classes.map((name, index) => ({
          ...{ index, name },
          train: train?.[index] ?? 0,
          validation: validation?.[index] ?? 0,
          test: test?.[index] ?? 0,
        })),
      };
    },
    async listDatasetImages(id, filter) {
      const { row, manifest } = await prepared(id);
      const labels = await labelsOf(manifest, filter.split);
      const { data, ...page } = skipTo(filter, imagesOf(labels, filter));
      const content = (index: number) => `/datasets/${row.id}/images/${filter.split}/${index}`;
      return {
        ...page,
        data: data.map((index) => ({
          object: 'dataset_sample',
          ...{ split: filter.split, index },
          label: className(row.classes, labels[index] ?? 0),
          links: { content: content(index) },
        })),
      };
    },
    async getDatasetImage(id, split, index) {
      const { row, manifest } = await prepared(id);
      const { count = 0 } = manifest.splits[split] ?? {};
      if (index >= count)
        notFound(`image ${index} in the ${split} split of ${id}, which has ${count} images`);
      return readStored(row.name, () => readPicture(blobs, manifest, split, index));
    },
  };
}

/** The manifest of a dataset whose images are there. @throws StrataError dataset_not_prepared */
export function preparedManifest({ state, sha256, name, builtIn }: DatasetWithImport): BlobUri {
  if (state === 'ready' && sha256 !== null) return `sha256:${sha256}`;
  const reason = builtIn ? 'no job has trained on it yet' : `its state is ${state}`;
  throw new StrataError('dataset_not_prepared', `The images of ${name} are not there: ${reason}.`);
}

function countClasses(labels: Uint16Array, classes: number): Uint32Array {
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Indices of the images of a class, or of all. */
function imagesOf(labels: Uint16Array, { label }: ImageFilter): Uint32Array {
  const all = Uint32Array.from(labels.keys());
  return label === undefined ? all : all.filter((index) => labels[index] === label);
}

async function readPicture(
  blobs: BlobStore,
  manifest: DatasetManifest,
  split: SplitName,
  index: number,
): Promise<Picture> {
  const files = splitOf(manifest, split);
  if ('offsets' in files) return readFile(blobs, files, index);
  const { height, width, channels } = manifest.image;
  const size = height * width * channels;
  const pixels = await blobs.readRange(files.images, index * size, size);
  return { bytes: encodePng(pixels, manifest.image), mediaType: 'image/png' };
}

async function readFile(
  blobs: BlobStore,
  { images, offsets }: EncodedSplit,
  index: number,
): Promise<Picture> {
  const ends = Buffer.from(await blobs.readRange(offsets, index * OFFSET_BYTES, 2 * OFFSET_BYTES));
  const start = Number(ends.readBigUInt64LE(0));
  const bytes = await blobs.readRange(images, start, Number(ends.readBigUInt64LE(OFFSET_BYTES)) - start);
  return { bytes, mediaType: mediaTypeOf(bytes) };
}

/** Imports accept JPEG, PNG and WebP files only. */
function mediaTypeOf(bytes: Uint8Array): Picture['mediaType'] {
  if (bytes[0] === 0xff) return 'image/jpeg';
  return bytes[0] === 0x89 ? 'image/png' : 'image/webp';
}
