import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  type DatasetManifest,
  decodeManifest,
  type SplitName,
  splitOf,
} from '../../../src/contract/dataset-manifest.js';
import type {
  DatasetProblem,
  ImportLimits,
  ImportOptions,
  ImportSuccess,
} from '../../../src/contract/importer-protocol.js';
import { IMPORT_DEFAULTS } from '../../../src/contract/importer-protocol.js';
import { importDataset } from '../../../src/datasets/import.js';
import { ProblemList } from '../../../src/datasets/problems.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { openBlobStore } from '../../../src/storage/open.js';
import { temporaryFolder } from '../../provision/temporary.js';

export const LIMITS: ImportLimits = {
  max_images: 10_000,
  max_classes: 200,
  max_image_pixels: 1_000_000,
  max_unpacked_bytes: 100_000_000,
};

export interface Imported {
  readonly success: ImportSuccess;
  readonly manifest: DatasetManifest;
  readonly problems: readonly DatasetProblem[];
  readonly blobs: BlobStore;
}

/** Imports an archive in this process. @throws ImportError */
export async function importArchive(
  t: TestContext,
  archive: Buffer,
  options: Partial<ImportOptions> = {},
  limits: Partial<ImportLimits> = {},
): Promise<Imported> {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'spool/import_1'), { recursive: true });
  await writeFile(join(root, 'spool/import_1/source'), archive);
  const blobs = openBlobStore(pathToFileURL(root).href);
  const problems = new ProblemList();
  const success = await importDataset(
    {
      dataset_id: 'dataset_1',
      attempt: 1,
      name: 'test',
      source: 'spool:import_1/source',
      work: 'import_1/a1',
      options: {
        ...IMPORT_DEFAULTS,
        ...options,
      },
      limits: { ...LIMITS, ...limits },
    },
    { blobs, folder: await blobs.createWorkFolder('import_1/a1'), problems, onProgress: () => undefined },
  );
  const manifest = decodeManifest(await blobs.get(success.manifest.uri));
  return { success, manifest, problems: success.problems, blobs };
}

/** Labels of a split, by image. */
export async function labelsOf({ manifest, blobs }: Imported, split: SplitName): Promise<number[]> {
  const bytes = await blobs.get(splitOf(manifest, split).labels);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(2 * index, true));
}

export async function imagesOf({ manifest, blobs }: Imported, split: SplitName): Promise<Buffer> {
  return Buffer.from(await blobs.get(splitOf(manifest, split).images));
}
