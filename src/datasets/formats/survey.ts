import type { DatasetFormat, ImportOptions } from '../../contract/importer-protocol.js';
import type { Archive } from '../archive/entry.js';
import { baseName, folderOf, isJunk, isNestedArchive } from '../archive/names.js';
import { hasImageName, hasOtherImageName } from '../images/kind.js';
import { ImportError, type ProblemList } from '../problems.js';
import { cifarPart } from './cifar.js';
import { FolderTree } from './layout.js';
import { mnistPart } from './mnist.js';
import { npzPart } from './npz.js';
import type { Survey } from './reader.js';

/** Formats that are a few files of fixed names, and for each the parts without which it is none. */
const ARRAY_FORMATS = [
  { format: 'mnist', partOf: mnistPart, needed: ['train-images', 'train-labels'] },
  { format: 'npz', partOf: npzPart, needed: ['train-images', 'train-labels'] },
  { format: 'cifar', partOf: cifarPart, needed: ['train', 'test'] },
] as const;

const MAX_FOLDERS = 200_000;

/**
 * Reads all names of an archive. A tar is read whole for them, which takes a small part of what decoding its images
 * does; a zip has a list. @throws ImportError dataset_format where it is not clear what the archive holds, and for
 * anything that must not be in it
 */
export async function surveyArchive(
  archive: Archive,
  { format: asked, layout, root }: Pick<ImportOptions, 'format' | 'layout' | 'root'>,
  problems: ProblemList,
  onProgress: (share: number) => void,
): Promise<Survey> {
  const names = new NamesRead();
  for await (const item of archive.entries()) {
    onProgress(archive.progress);
    if (item.kind === 'unended')
      problems.warn('archive_damaged', 'the archive has no end mark: it may have been cut short');
    else if (item.kind === 'label') problems.leaveOut("the archive's label", item.name);
    else names.add(item.name, item.kind === 'folder');
  }
  const format = asked === 'auto' ? names.format() : asked;
  return {
    format,
    layout:
      format === 'image-folder' ? names.pictureTree.layout(layout, root) : { root: [], hasSplits: false },
    folders: names.folders,
  };
}

class NamesRead {
  readonly folders = new Set<string>();
  readonly #parts = new Map<DatasetFormat, Set<string>>();
  readonly #pictures = new FolderTree();
  readonly #others = new FolderTree();
  #pictureCount = 0;
  #hasArrays = false;

  add(name: string, isFolder: boolean): void {
    if (isJunk(name)) return;
    const folder = isFolder ? name : folderOf(name);
    if (this.folders.size < MAX_FOLDERS) this.folders.add(folder);
    if (isFolder || isNestedArchive(name)) return;
    for (const { format, partOf } of ARRAY_FORMATS) {
      const part = partOf(baseName(name));
      if (part !== null) this.#parts.set(format, (this.#parts.get(format) ?? new Set()).add(part));
    }
    this.#hasArrays ||= name.endsWith('.npy');
    const isPicture = hasImageName(name) || hasOtherImageName(name);
    if (isPicture) this.#pictureCount += 1;
    (isPicture ? this.#pictures : this.#others).add(name);
  }

  /** Folders of pictures by their names, or where no name says so, of all files. */
  get pictureTree(): FolderTree {
    return this.#pictureCount > 0 ? this.#pictures : this.#others;
  }

  /** Arrays of fixed names are no accident; pictures may lie beside them, and files of any names beside pictures. */
  format(): DatasetFormat {
    const found = ARRAY_FORMATS.filter(({ format }) => this.#parts.has(format));
    const whole = found.filter(({ format, needed }) =>
      needed.every((part) => this.#parts.get(format)!.has(part)),
    );
    if (whole.length > 1) {
      const names = whole.map(({ format }) => format).join(' and ');
      throw new ImportError('dataset_format', `the archive holds files of ${names}; say which as \`format\``);
    }
    const [only] = whole;
    if (only) return only.format;
    if (this.#pictureCount > 0) return 'image-folder';
    return found[0]?.format ?? (this.#hasArrays ? 'npz' : 'image-folder');
  }
}
