import { type DatasetManifest, encodeManifest } from '../../src/contract/dataset-manifest.js';
import type { DatasetFacts } from '../../src/contract/spec.js';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { createFolderStore } from '../../src/storage/folder-store.js';

const CLASSES = 10;

/** A dataset of noise of so many images, whose content decides neither time nor memory. */
export function noiseFacts(side: number, images: number): DatasetFacts {
  return {
    name: 'noise',
    classes: Array.from({ length: CLASSES }, (_, index) => String(index)),
    image: { height: side, width: side, channels: 3 },
    storage: 'pixels',
    manifest: null,
    ...{ train_count: images, test_count: images, validation_count: 0 },
    augmentation: { crop_padding: 0, horizontal_flip: false },
  };
}

/** Stores it as `prepare` leaves it. */
export async function storeNoise(
  folder: string,
  { name, image, classes, train_count: count }: DatasetFacts,
): Promise<BlobUri> {
  const blobs = createFolderStore(folder);
  const values = (length: number, below: number) =>
    Uint8Array.from({ length }, (_, index) => ((index * 2654435761) >>> 8) % below);
  const size = image.height * image.width * image.channels;
  const images = (await blobs.put(values(count * size, 256))).uri;
  const labels = (await blobs.put(new Uint8Array(Uint16Array.from(values(count, CLASSES)).buffer))).uri;
  const split = { count, images, labels };
  const manifest: DatasetManifest = {
    ...{ name, storage: 'pixels', image, classes: [...classes], splits: { train: split, test: split } },
    ...{ mean: [127, 127, 127], standard_deviation: [74, 74, 74] },
  };
  return (await blobs.put(encodeManifest(manifest))).uri;
}
