import type { DatasetLayout } from '../../contract/importer-protocol.js';
import type { SplitName } from '../arrays/samples.js';
import { ImportError } from '../problems.js';

const SPLIT_FOLDERS: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

function splitNamed(folder: string): SplitName | null {
  const name = folder.toLowerCase();
  return Object.hasOwn(SPLIT_FOLDERS, name) ? SPLIT_FOLDERS[name]! : null;
}

/** Location of the folders of splits, or otherwise of classes. */
export interface Layout {
  /** Folders from the archive's own down to the one that holds them. */
  readonly root: readonly string[];
  readonly hasSplits: boolean;
}

export interface Place {
  readonly split: SplitName;
  readonly className: string;
  /** Folders between the class's own and the image. */
  readonly below: number;
}

/** Split and class of an image path by this layout. @returns null if the path names no class */
export function placeOf({ root, hasSplits }: Layout, path: string): Place | null {
  const folders = path.split('/').slice(0, -1);
  if (!root.every((folder, index) => folders[index] === folder)) return null;
  const [first, second] = folders.slice(root.length);
  const split = hasSplits ? splitNamed(first ?? '') : 'none';
  const className = hasSplits ? second : first;
  if (split === null || className === undefined) return null;
  return { split, className, below: folders.length - root.length - (hasSplits ? 2 : 1) };
}

/** Folders that hold pictures, themselves or below. */
interface Folder {
  readonly folders: Map<string, Folder>;
  /** Whether pictures lie in it directly. */
  holdsPictures: boolean;
}

const MAX_FOLDERS = 200_000;

/** The tree of an archive's folders, made of the names of its pictures. */
export class FolderTree {
  readonly #top: Folder = newFolder();
  #count = 0;

  add(path: string): void {
    let folder = this.#top;
    for (const name of path.split('/').slice(0, -1)) {
      let next = folder.folders.get(name);
      if (next === undefined) {
        this.#count += 1;
        if (this.#count > MAX_FOLDERS)
          throw new ImportError('dataset_too_large', `there are more than ${MAX_FOLDERS} folders`, path);
        next = newFolder();
        folder.folders.set(name, next);
      }
      folder = next;
    }
    folder.holdsPictures = true;
  }

  /**
   * Finds the folders of splits or classes. `auto` descends through folders that contain only one other folder, to
   * the place where the tree branches. It takes folders called train, val or test for splits only if all folders
   * there have such names. @throws ImportError dataset_format if the layout is not clear
   */
  layout(asked: DatasetLayout, root: string | null): Layout {
    const start = root === null ? [] : root.split('/').filter((part) => part !== '' && part !== '.');
    const level = this.#at(start);
    if (root !== null) return { root: start, hasSplits: splitsAt(level, asked, start) };
    const path = [...start];
    let here = level;
    while (isWrapper(here, asked)) {
      const [[name, next]] = [...here.folders] as [[string, Folder]];
      path.push(name);
      here = next;
    }
    return { root: path, hasSplits: splitsAt(here, asked, path) };
  }

  #at(path: readonly string[]): Folder {
    let folder = this.#top;
    for (const name of path) {
      const next = folder.folders.get(name);
      if (next === undefined)
        throw new ImportError(
          'dataset_format',
          `there are no images in the folder ${path.join('/')}, which \`root\` names`,
        );
      folder = next;
    }
    return folder;
  }
}

const newFolder = (): Folder => ({ folders: new Map(), holdsPictures: false });

/** Whether the one folder in `folder` is neither a class nor a split, but holds them. */
function isWrapper({ folders, holdsPictures }: Folder, asked: DatasetLayout): boolean {
  const [only] = [...folders];
  if (holdsPictures || folders.size !== 1 || only === undefined) return false;
  const [name, next] = only;
  if (next.holdsPictures || next.folders.size === 0) return false;
  if (asked === 'no-splits' || splitNamed(name) === null) return true;
  // `training/train/<class>` and `training/test/<class>`: the splits are the inner ones.
  return (
    next.folders.size > 0 &&
    [...next.folders].every(([inner, { folders: classes, holdsPictures: direct }]) => {
      return splitNamed(inner) !== null && classes.size > 0 && !direct;
    })
  );
}

function splitsAt({ folders }: Folder, asked: DatasetLayout, path: readonly string[]): boolean {
  const all = [...folders];
  const splits = all.filter(([name]) => splitNamed(name) !== null);
  const where = path.length === 0 ? 'the archive' : path.join('/');
  if (asked === 'no-splits') return false;
  if (asked === 'splits') {
    if (splits.length > 0) return true;
    throw new ImportError(
      'dataset_format',
      `the layout is splits, but ${where} holds no folders train, val or test; name the folder that does as \`root\``,
    );
  }
  const haveClasses = splits.some(([, { folders: classes }]) => classes.size > 0);
  if (splits.length === 0) return false;
  if (splits.length < all.length) {
    // A class may be called train.
    if (!haveClasses) return false;
    const others = all.filter(([name]) => splitNamed(name) === null).map(([name]) => name);
    throw new ImportError(
      'dataset_format',
      `some images lie in train/ or test/ and some in neither (${others.slice(0, 5).join(', ')}); ` +
        'send `layout`: splits leaves the latter out, no-splits takes all these folders for classes',
    );
  }
  if (haveClasses) return true;
  throw new ImportError(
    'dataset_format',
    `the images in ${splits.map(([name]) => name).join(' and ')} lie in no folder of a class; ` +
      'its folder names its class: put it there, or send `layout`: no-splits if these are the classes',
  );
}
