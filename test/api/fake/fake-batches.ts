import type {
  BatchInput,
  BatchPrediction,
  BatchPredictionFile,
  BatchPredictionRequest,
  BatchPredictionsClient,
} from '../../../src/contract/client/batches.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW } from '../fixtures.js';

const LINE = {
  ...{ key: 'test/0', sha256: '0'.repeat(64), answered_by: 'full', error: null },
  classes: [{ name: '1', probability: 0.75 }],
};

/** Batch predictions in memory: they stay queued, and have a result. */
export class FakeBatches implements BatchPredictionsClient {
  readonly rows = new Map<string, BatchPrediction>();
  readonly requests: BatchPredictionRequest[] = [];

  async createBatchPrediction(request: BatchPredictionRequest) {
    this.requests.push(request);
    const self = '/batch-predictions/batch_1';
    const { variant, input, format, topK, maxFailedShare, cascade } = request;
    const batch: BatchPrediction = {
      ...{
        id: 'batch_1',
        object: 'batch_prediction',
        state: 'queued',
        model_id: 'model_1',
        model_name: 'digits',
        variant,
      },
      input: shown(input),
      output: { format, size_bytes: 0 },
      ...{ top_k: topK, include: [], max_failed_share: maxFailedShare, cascade },
      counts: { total: 2, done: 0, failed: 0, by_compact: 0 },
      ...{ error: null, created_at: NOW, started_at: null, finished_at: null },
      links: { self, model: '/models/model_1', result: `${self}/result`, errors: `${self}/errors` },
    };
    this.rows.set(batch.id, batch);
    return batch;
  }

  async listBatchPredictions() {
    return complete([...this.rows.values()]);
  }

  async getBatchPrediction(id: string) {
    return this.rows.get(id) ?? null;
  }

  async cancelBatchPrediction(id: string) {
    const batch: BatchPrediction = { ...this.#row(id), state: 'cancelled' };
    this.rows.set(id, batch);
    return batch;
  }

  async deleteBatchPrediction(id: string) {
    if (!this.rows.delete(id)) throw new StrataError('not_found');
  }

  async downloadBatchPrediction(id: string) {
    const { format } = this.#row(id).output;
    return file(format, format === 'csv' ? 'key,sha256\r\n' : `${JSON.stringify(LINE)}\n`);
  }

  async downloadBatchPredictionErrors(id: string) {
    this.#row(id);
    return file('jsonl', '');
  }

  #row(id: string): BatchPrediction {
    const row = this.rows.get(id);
    if (row === undefined) throw new StrataError('not_found');
    return row;
  }
}

function shown(input: BatchInput): BatchPrediction['input'] {
  if ('upload' in input) return { dataset: null, split: null, upload: { sha256: null, size_bytes: 0 } };
  const { dataset: name, split } = input;
  return { dataset: { id: 'mnist', name, sha256: '0'.repeat(64) }, split, upload: null };
}

function file(format: BatchPredictionFile['format'], text: string): BatchPredictionFile {
  return {
    format,
    chunks: (async function* () {
      if (text !== '') yield Buffer.from(text);
    })(),
  };
}
