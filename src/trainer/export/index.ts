/** Trained networks as files that other tools load. */
import type { ResolvedSpec } from '../../contract/spec.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { SplitReader } from '../data/index.js';
import type { TrainedNetwork } from '../evaluation/index.js';
import type { Exported } from './exported.js';
import { exportOnnx } from './onnx-export.js';
import { exportSafetensors } from './safetensors-export.js';
import { exportTfjsLayers } from './tfjs-export.js';

/** Writes one format's files for a network under `<folder>/`. @throws TrainerError export_mismatch */
export async function exportNetwork(
  format: ResolvedSpec['exports'][number],
  folder: string,
  network: TrainedNetwork,
  test: SplitReader,
  blobs: BlobStore,
): Promise<Exported> {
  switch (format) {
    case 'tfjs-layers':
      return await exportTfjsLayers(folder, network, test, blobs);
    case 'onnx':
      return await exportOnnx(folder, network, test, blobs);
    case 'safetensors':
      return await exportSafetensors(folder, network, test.manifest, blobs);
  }
}
