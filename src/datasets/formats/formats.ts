import type { DatasetFormat } from '../../contract/importer-protocol.js';
import { hasImageName, hasOtherImageName } from '../images/kind.js';
import { CifarReader, isCifarName } from './cifar.js';
import { ImageFolderReader } from './image-folder.js';
import { isMnistName, MnistReader } from './mnist.js';
import { NpzReader } from './npz.js';
import type { FormatReader, ImportContext } from './reader.js';

/** What the name of one file says of the whole upload; null where it says nothing. */
export function detectFormat(name: string): DatasetFormat | null {
  if (hasImageName(name) || hasOtherImageName(name)) return 'image-folder';
  if (name.endsWith('.npy')) return 'npz';
  if (isMnistName(name)) return 'mnist';
  if (isCifarName(name)) return 'cifar';
  return null;
}

export function openReader(format: DatasetFormat, context: ImportContext): FormatReader {
  switch (format) {
    case 'image-folder':
      return new ImageFolderReader(context);
    case 'cifar':
      return new CifarReader(context);
    case 'mnist':
      return new MnistReader(context);
    case 'npz':
      return new NpzReader(context);
  }
}
