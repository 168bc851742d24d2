import type { BlobUri } from './blob-uri.js';
import type { ErrorCode } from './errors.js';
import type { components } from './generated/openapi.js';
import type { DatasetStorage, ImageShape } from './spec.js';
import type { TaskOutput } from './trainer-protocol.js';

/** The messages between a worker and the importer, a process that converts one upload to arrays and ends. */

export const DATASET_FORMATS = ['image-folder', 'cifar', 'mnist', 'npz'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

/** Interpretation of the folders of an image folder. */
export const DATASET_LAYOUTS = ['auto', 'splits', 'no-splits'] as const;
export type DatasetLayout = (typeof DATASET_LAYOUTS)[number];

/** Order of the classes of an image folder: numbers by value, or all names by their characters. */
export type ClassOrder = 'auto' | 'text';

export interface ImportOptions {
  /** auto: detect the format from the names in the archive. */
  readonly format: DatasetFormat | 'auto';
  /** Share of each class that becomes the test split if the upload has none. null: a tenth. */
  readonly test_share: number | null;
  /** Shape of the images for the network, if it differs from the shape of the uploaded images. */
  readonly image: Partial<ImageShape>;
  readonly layout: DatasetLayout;
  /** Folder of the archive in which the folders of splits or classes lie; null: found by the layout. */
  readonly root: string | null;
  readonly class_order: ClassOrder;
}

/** An import that asks for nothing. */
export const IMPORT_DEFAULTS: ImportOptions = {
  format: 'auto',
  test_share: null,
  image: {},
  layout: 'auto',
  root: null,
  class_order: 'auto',
};

export interface ImportLimits {
  readonly max_images: number;
  readonly max_classes: number;
  /** Height times width. */
  readonly max_image_pixels: number;
  /** Total of all files in the archive. */
  readonly max_unpacked_bytes: number;
}

export interface ImportAssignment {
  readonly dataset_id: string;
  /** Fencing token: reports of any other attempt are dropped. */
  readonly attempt: number;
  readonly name: string;
  readonly source: BlobUri;
  /** Key of the spool folder to work in. */
  readonly work: string;
  readonly options: ImportOptions;
  readonly limits: ImportLimits;
}

/** A problem of an upload that its owner should know. An error rejects the upload, a warning does not. */
export interface DatasetProblem {
  readonly code: ErrorCode;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** Name of the file in the archive. */
  readonly file: string | null;
}

/** The first problems, and their total number. */
export interface DatasetProblems {
  readonly problems: readonly DatasetProblem[];
  readonly problem_count: number;
}

/** A column of metadata that a dataset keeps of its images. */
export type DescribedColumn = components['schemas']['MetadataColumn'];

export interface ImportSuccess extends DatasetProblems {
  readonly manifest: TaskOutput;
  /** Size of the manifest and of all arrays. */
  readonly stored_bytes: number;
  readonly format: DatasetFormat;
  readonly storage: DatasetStorage;
  readonly image: ImageShape;
  readonly classes: readonly string[];
  readonly train_count: number;
  readonly test_count: number;
  /** 0 where the upload has no validation split. */
  readonly validation_count: number;
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
  /** Empty where the images have none. */
  readonly metadata: readonly DescribedColumn[];
}

/** Whether the upload or the machine caused the failure. Problems of the upload are listed. */
export interface ImportFailure extends DatasetProblems {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface ImportProgress {
  readonly images: number;
  /** Finished share of the import, 0..1. */
  readonly share: number;
}

export type ToImporter = { readonly type: 'run'; readonly assignment: ImportAssignment };

export type FromImporter =
  | { readonly type: 'ready' }
  | ({ readonly type: 'progress' } & ImportProgress)
  | { readonly type: 'succeeded'; readonly success: ImportSuccess }
  | { readonly type: 'failed'; readonly failure: ImportFailure };
