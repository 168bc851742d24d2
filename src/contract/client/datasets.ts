import type { SplitName } from '../dataset-manifest.js';
import type { components } from '../generated/openapi.js';
import type { ImportOptions } from '../importer-protocol.js';

type Schemas = components['schemas'];
export type Dataset = Schemas['Dataset'];

/** An upload on disk that belongs to no dataset yet. */
export interface ReceivedUpload {
  /** Null where a worker is to find it out: reading many gigabytes again takes minutes. */
  readonly sha256: string | null;
  readonly sizeBytes: number;
  /** Deletes the upload, unless it became a dataset. */
  discard(): Promise<void>;
}

/** The address from which a worker downloads the dataset. */
export interface RemoteSource {
  readonly url: string;
}

/** Request to convert an upload to a dataset. */
export type DatasetRequest = ImportOptions & { readonly name: string; readonly sha256: string | null };

export interface ImageFilter {
  readonly split: SplitName;
  /** Index of a class. */
  readonly label?: number | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** An image file, for a browser. */
export interface Picture {
  readonly bytes: Uint8Array;
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
}

/** One tenant's datasets, and the built-in ones. */
export interface DatasetsClient {
  /** Writes an upload to disk. @throws upload_too_large, quota_reached, and the error of the stream */
  receiveUpload(bytes: AsyncIterable<Uint8Array>): Promise<ReceivedUpload>;
  /** Counts an upload in pieces before its first one comes. @throws quota_reached */
  reserveUpload(id: string, sizeBytes: number): Promise<void>;
  /** Counts it no longer, after its bytes were deleted. */
  forgetUpload(id: string): Promise<void>;
  /**
   * Takes a file on the disk as an upload, without copying it; the file stays until its owner removes it.
   * @param id of the upload in pieces that it is
   */
  adoptUpload(path: string, id: string): Promise<ReceivedUpload>;
  /**
   * Stores a dataset. A worker downloads it if it is remote, and validates it. @throws invalid_request,
   * forbidden_target, checksum_mismatch, dataset_exists, limit_reached, quota_reached
   */
  createDataset(request: DatasetRequest, from: ReceivedUpload | RemoteSource): Promise<Dataset>;
  listDatasets(page: {
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<Schemas['DatasetList']>;
  /** @param id the id of the dataset, or its name */
  getDataset(id: string): Promise<Dataset | null>;
  /** @throws not_found, dataset_not_prepared */
  getDatasetStatistics(id: string): Promise<Schemas['DatasetStatistics']>;
  /** @throws not_found, dataset_not_prepared */
  listDatasetImages(id: string, filter: ImageFilter): Promise<Schemas['DatasetSampleList']>;
  /** @throws not_found, dataset_not_prepared */
  getDatasetImage(id: string, split: SplitName, index: number): Promise<Picture>;
  /** @throws not_found, dataset_in_use */
  deleteDataset(id: string): Promise<void>;
}
