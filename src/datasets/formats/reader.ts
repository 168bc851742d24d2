import type { ImportAssignment } from '../../contract/importer-protocol.js';
import type { ArchiveEntry } from '../archive/entry.js';
import type { LabelledSamples } from '../arrays/checks.js';
import { ImportError, type ProblemList } from '../problems.js';
import type { Survey } from './survey.js';

/** What readers of all formats work with. */
export interface ImportContext extends Pick<ImportAssignment, 'options' | 'limits'> {
  /** Of this attempt alone, for files of any name that we choose. */
  readonly folder: string;
  readonly problems: ProblemList;
  readonly survey: Survey;
}

/** Reads the files of one format as an archive gives them. */
export interface FormatReader {
  /** @returns false for a file that is none of this format's. @throws ImportError */
  take(entry: ArchiveEntry): Promise<boolean>;
  /** After the last file. @throws ImportError where any is missing */
  finish(): Promise<ReadImages>;
  /** Images read so far. */
  readonly count: number;
}

export type ReadImages = LabelledSamples;

/** @throws ImportError where something is chosen that only image folders have */
export function refuseFolderOptions({ options }: ImportContext): void {
  if (Object.keys(options.image).length > 0)
    throw new ImportError(
      'dataset_format',
      'only images of image folders are scaled or made gray; leave `image` out',
    );
  if (options.layout !== 'auto' || options.root !== null)
    throw new ImportError(
      'dataset_format',
      'only image folders have a layout; leave `layout` and `root` out',
    );
}
