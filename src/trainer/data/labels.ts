import { readFileSync } from 'node:fs';
import { InvalidManifestError, splitOf } from '../../contract/dataset-manifest.js';
import type { SplitFiles } from './split-files.js';

/** Labels of the first `most` images of a split. @throws InvalidManifestError if they do not match the images */
export function readLabels({ manifest, split, labels }: SplitFiles, max: number): Uint16Array {
  const bytes = readFileSync(labels);
  const { count } = splitOf(manifest, split);
  if (bytes.length !== 2 * count) {
    throw new InvalidManifestError(
      `splits.${split}.labels`,
      `have ${bytes.length} bytes, but ${count} images need ${2 * count}`,
    );
  }
  const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const stray = values.findIndex((label) => label >= manifest.classes.length);
  if (stray >= 0) {
    throw new InvalidManifestError(
      `splits.${split}.labels`,
      `give image ${stray} the class ${values[stray]}, but there are ${manifest.classes.length} classes`,
    );
  }
  return values.subarray(0, max);
}
