import type { DatasetFormat } from '../../contract/importer-protocol.js';
import { hasImageName, hasOtherImageName } from '../images/kind.js';
import { ImageFolderReader } from './image-folder.js';
import type { FormatReader, ImportContext } from './reader.js';

/** What the name of one file says of the whole upload; null where it says nothing. */
export function detectFormat(name: string): DatasetFormat | null {
  if (hasImageName(name) || hasOtherImageName(name)) return 'image-folder';
  return null;
}

export function openReader(format: DatasetFormat, context: ImportContext): FormatReader {
  if (format === 'image-folder') return new ImageFolderReader(context);
  throw new Error(format);
}
