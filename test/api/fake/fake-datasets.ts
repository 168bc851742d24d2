import { createReadStream } from 'node:fs';
import type {
  Dataset,
  DatasetRequest,
  DatasetsClient,
  ImageFilter,
  ReceivedUpload,
  RemoteSource,
} from '../../../src/contract/client/datasets.js';
import type { SplitName } from '../../../src/contract/dataset-manifest.js';
import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import { StrataError } from '../../../src/contract/errors.js';
import { encodePng } from '../../../src/jobs/client/datasets/png.js';
import { complete, datasetOf } from '../fixtures.js';

/** Datasets in memory, beside the built-in ones; an upload stays `validating`. */
export class FakeDatasets implements DatasetsClient {
  readonly rows = new Map<string, Dataset>();
  /** Uploads on disk that belong to no dataset. */
  readonly uploads = new Set<ReceivedUpload>();

  async receiveUpload(bytes: AsyncIterable<Uint8Array>) {
    let sizeBytes = 0;
    for await (const chunk of bytes) sizeBytes += chunk.length;
    const upload = {
      sha256: '0'.repeat(64),
      sizeBytes,
      discard: async () => void this.uploads.delete(upload),
    };
    this.uploads.add(upload);
    return upload;
  }

  async reserveUpload() {}

  async forgetUpload() {}

  adoptUpload(path: string) {
    return this.receiveUpload(createReadStream(path));
  }

  async createDataset({ name }: DatasetRequest, from: ReceivedUpload | RemoteSource) {
    if (!('url' in from)) this.uploads.delete(from);
    const row = { ...datasetOf(BUILT_IN_DATASETS[0]!), id: 'dataset_1', name, built_in: false };
    const dataset = { ...row, state: 'validating' as const };
    this.rows.set(dataset.id, dataset);
    return dataset;
  }

  async deleteDataset(id: string) {
    if (BUILT_IN_DATASETS.some(({ name }) => name === id)) throw new StrataError('dataset_in_use');
    const row = [...this.rows.values()].find((dataset) => [dataset.id, dataset.name].includes(id));
    if (!row) throw new StrataError('not_found');
    this.rows.delete(row.id);
  }

  async getDatasetStatistics(id: string) {
    const { classes } = await this.#dataset(id);
    return {
      object: 'dataset_statistics' as const,
      ...{ dataset_id: id, mean: [33], standard_deviation: [78] },
      classes: classes.map((name, index) => ({ index, name, train: 1, validation: 0, test: 1 })),
    };
  }

  async listDatasetImages(id: string, { split }: ImageFilter) {
    const { classes } = await this.#dataset(id);
    const sample = {
      object: 'dataset_sample' as const,
      ...{ split, index: 0 },
      label: { index: 0, name: classes[0]! },
      links: { content: `/datasets/${id}/images/${split}/0` },
    };
    return { object: 'list' as const, data: [sample], has_more: false, total: 1 };
  }

  async getDatasetImage(id: string, split: SplitName, index: number) {
    await this.#dataset(id);
    if (index > 0) throw new StrataError('not_found', `There is no image ${index} in ${split}.`);
    return {
      bytes: encodePng(Uint8Array.of(7), { height: 1, width: 1, channels: 1 }),
      mediaType: 'image/png' as const,
    };
  }

  async #dataset(id: string): Promise<Dataset> {
    return (await this.getDataset(id)) ?? Promise.reject(new StrataError('not_found', `There is no ${id}.`));
  }

  async listDatasets() {
    return complete([...BUILT_IN_DATASETS.map(datasetOf), ...this.rows.values()]);
  }

  async getDataset(id: string) {
    return (await this.listDatasets()).data.find((dataset) => dataset.id === id) ?? null;
  }
}
