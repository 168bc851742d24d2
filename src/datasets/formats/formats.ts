import type { DatasetFormat } from '../../contract/importer-protocol.js';
import { CifarReader } from './cifar.js';
import { ImageFolderReader } from './image-folder.js';
import { MnistReader } from './mnist.js';
import { NpzReader } from './npz.js';
import type { FormatReader, ImportContext } from './reader.js';

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
