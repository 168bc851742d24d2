import { readFileSync } from 'node:fs';
import { InvalidManifestError, splitOf } from '../../contract/dataset-manifest.js';
import type { SplitFiles } from './split-files.js';

/** A split's labels, of its first `most` images. @throws InvalidManifestError where they are not those of its images */
export function readLabels({ manifest, split, labels }: SplitFiles, most: number): Uint16Array {
  const bytes = readFileSync(labels);
  const { count } = splitOf(manifest, split);
  if (bytes.length !== 2 * count) {
    throw new InvalidManifestError(
      `splits.${split}.labels`,
      `have ${bytes.length} bytes, not the ${2 * count} of ${count} images`,
    );
  }
  const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const stray = values.findIndex((label) => label >= manifest.classes.length);
  if (stray >= 0) {
    throw new InvalidManifestError(
      `splits.${split}.labels`,
      `give image ${stray} class ${values[stray]} of ${manifest.classes.length}`,
    );
  }
  return values.subarray(0, most);
}
