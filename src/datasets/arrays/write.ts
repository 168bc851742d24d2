import { join } from 'node:path';
import type { EncodedSplit, PixelSplit } from '../../contract/dataset-manifest.js';
import { encodeOffsets } from '../../contract/dataset-offsets.js';
import type { DatasetStorage } from '../../contract/spec.js';
import type { BlobUri } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { ArrayFile } from './array-file.js';
import type { Samples } from './samples.js';

export interface SplitWriter {
  readonly samples: Samples;
  /** For each label in the data, its index in the class list. */
  readonly places: Uint16Array;
  /** Codes of each column of metadata, by image. */
  readonly codes: readonly Uint16Array[];
  readonly storage: DatasetStorage;
  /** Stored channels: fewer than in the samples if all channels are equal. */
  readonly channels: number;
  readonly folder: string;
  readonly blobs: Pick<BlobStore, 'put' | 'adopt'>;
}

/** Writes the arrays of one split as blobs, in this order. */
export async function writePixels(
  writer: SplitWriter,
  name: string,
  images: Uint32Array,
): Promise<PixelSplit> {
  const { samples, channels } = writer;
  const step = samples.channels / channels;
  const uri = await writeFile(writer, `${name}-images`, (file) => {
    for (const image of images) file.append(everyNth(samples.pixelsOf(image), step));
  });
  const labels = await writeLabels(writer, images);
  return { count: images.length, images: uri, labels, ...(await writeMetadata(writer, images)) };
}

/** Like `writePixels`, for images that stay files. */
export async function writeEncoded(
  writer: SplitWriter,
  name: string,
  images: Uint32Array,
): Promise<EncodedSplit> {
  const lengths = new Float64Array(images.length);
  const uri = await writeFile(writer, `${name}-images`, (file) => {
    images.forEach((image, place) => {
      const bytes = writer.samples.encodedOf(image);
      lengths[place] = bytes.length;
      file.append(bytes);
    });
  });
  const offsets = await writer.blobs.put(encodeOffsets(lengths));
  const labels = await writeLabels(writer, images);
  const metadata = await writeMetadata(writer, images);
  return { count: images.length, images: uri, offsets: offsets.uri, labels, ...metadata };
}

/** Nothing where the images have none: the manifest of such a dataset is as it always was. */
async function writeMetadata(
  { codes, blobs }: SplitWriter,
  images: Uint32Array,
): Promise<{ readonly metadata?: BlobUri }> {
  if (codes.length === 0) return {};
  const file = new DataView(new ArrayBuffer(2 * codes.length * images.length));
  for (const [column, values] of codes.entries())
    images.forEach((image, place) => {
      file.setUint16(2 * (column * images.length + place), values[image]!, true);
    });
  return { metadata: (await blobs.put(new Uint8Array(file.buffer))).uri };
}

async function writeLabels({ samples, places, blobs }: SplitWriter, images: Uint32Array): Promise<BlobUri> {
  const labels = new DataView(new ArrayBuffer(2 * images.length));
  images.forEach((image, place) => {
    labels.setUint16(2 * place, places[samples.labels.at(image)]!, true);
  });
  return (await blobs.put(new Uint8Array(labels.buffer))).uri;
}

async function writeFile(
  { folder, blobs }: SplitWriter,
  name: string,
  fill: (file: ArrayFile) => void,
): Promise<BlobUri> {
  const file = new ArrayFile(join(folder, name));
  fill(file);
  const sha256 = file.close();
  return (await blobs.adopt(file.path, sha256)).uri;
}

function everyNth(bytes: Buffer, step: number): Uint8Array {
  if (step === 1) return bytes;
  return Uint8Array.from({ length: bytes.length / step }, (_, index) => bytes[index * step]!);
}
