import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tf } from '../../src/trainer/runtime/index.js';

/** Loads a layers model from files, with its weights where model.json expects them. @throws if it cannot be loaded */
export async function loadSavedModel(path: string): Promise<void> {
  const { weightsManifest, ...description } = JSON.parse(await readFile(path, 'utf8'));
  const [{ paths, weights }] = weightsManifest;
  const parts = await Promise.all(paths.map((name: string) => readFile(join(dirname(path), name))));
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      ...description,
      weightSpecs: weights,
      weightData: new Uint8Array(Buffer.concat(parts)).buffer,
    }),
  );
  model.dispose();
}
