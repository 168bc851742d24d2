import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { DatasetFacts } from '../../src/contract/spec.js';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { importDataset } from '../../src/datasets/import.js';
import { ProblemList } from '../../src/datasets/problems.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { CLASSES, generateImage } from './images.js';

/** Images generated at the same time: their drawing and their encoding overlap. */
const AT_ONCE = 8;
const TEST_IMAGES = 20;

const LIMITS = {
  max_images: 1_000_000,
  max_classes: 1000,
  max_image_pixels: 2 ** 20,
  max_unpacked_bytes: 2 ** 33,
};

/** Generates an image folder of `count` training images, and imports it as an upload is imported. */
export async function importGenerated(blobs: BlobStore, count: number): Promise<DatasetFacts> {
  const name = `generated-${count}`;
  const folder = await blobs.createWorkFolder(name);
  const source = await packFolder(blobs, join(folder, 'upload.tar'), { train: count, test: TEST_IMAGES });
  const work = `${name}-import`;
  const made = await importDataset(
    {
      dataset_id: name,
      attempt: 1,
      name,
      source,
      work,
      options: { format: 'image-folder', test_share: null, image: { height: 224, width: 224, channels: 3 } },
      limits: LIMITS,
    },
    {
      blobs,
      folder: await blobs.createWorkFolder(work),
      problems: new ProblemList(),
      onProgress: () => undefined,
    },
  );
  return {
    ...made,
    name,
    manifest: made.manifest.uri,
    augmentation: { crop_padding: 0, horizontal_flip: true },
  };
}

async function packFolder(
  blobs: BlobStore,
  path: string,
  splits: Readonly<Record<string, number>>,
): Promise<BlobUri> {
  const archive = pack();
  const hash = createHash('sha256');
  const file = createWriteStream(path);
  archive.on('data', (chunk) => hash.update(chunk as Buffer));
  archive.pipe(file);
  for (const [seed, [split, count]] of Object.entries(splits).entries()) {
    for (let start = 0; start < count; start += AT_ONCE) {
      const indices = Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, each) => start + each);
      const images = await Promise.all(indices.map((index) => generateImage(seed, index)));
      for (const [each, { bytes, label }] of images.entries()) {
        archive.entry({ name: `${split}/${CLASSES[label]}/${start + each}.jpg` }, Buffer.from(bytes));
      }
      if (file.writableNeedDrain) await once(file, 'drain');
    }
  }
  archive.finalize();
  await finished(file);
  return (await blobs.adopt(path, hash.digest('hex'))).uri;
}
