import type { DatasetFormat, ImportAssignment } from '../../contract/importer-protocol.js';
import type { ArchiveEntry } from '../archive/entry.js';
import type { LabelledSamples } from '../arrays/checks.js';
import type { ImageMetadata } from '../metadata/metadata.js';
import { ImportError, type ProblemList } from '../problems.js';
import type { Layout } from './layout.js';

/** Facts about an archive from its names, which are read before any file. */
export interface Survey {
  readonly format: DatasetFormat;
  /** Layout of an image folder. */
  readonly layout: Layout;
  /** Every folder that the archive names or that holds a file. */
  readonly folders: ReadonlySet<string>;
}

/** Everything that the readers of all formats need. */
export interface ImportContext extends Pick<ImportAssignment, 'options' | 'limits'> {
  /** Folder of this attempt only. Its file names are chosen by Strata. */
  readonly folder: string;
  readonly problems: ProblemList;
  readonly survey: Survey;
}

/** Reads the files of one format in archive order. */
export interface FormatReader {
  /** @returns false if the file does not belong to this format. @throws ImportError */
  take(entry: ArchiveEntry): Promise<boolean>;
  /** Called after the last file. @throws ImportError if a file is missing */
  finish(): Promise<ReadImages>;
  /** Images read so far. */
  readonly count: number;
}

export interface ReadImages extends LabelledSamples {
  /** Only image folders have some. */
  readonly metadata?: ImageMetadata;
}

/** @throws ImportError where something is chosen that only image folders have */
export function refuseFolderOptions({ options }: ImportContext): void {
  if (Object.keys(options.image).length > 0)
    throw new ImportError(
      'dataset_format',
      'only image folders support `image`; leave it out for this format',
    );
  if (options.layout !== 'auto' || options.root !== null)
    throw new ImportError(
      'dataset_format',
      'only image folders have a layout; leave `layout` and `root` out',
    );
  if (options.class_order !== 'auto')
    throw new ImportError(
      'dataset_format',
      'only image folders have classes to order; leave `class_order` out',
    );
}
