import { randomUUID } from 'node:crypto';
import type { components } from '../../../src/contract/generated/openapi.js';
import type { Strata } from '../../support/strata.js';

type Schemas = components['schemas'];

const ERROR = { code: 'unreadable_image', message: 'it cannot be decoded' };
const LINES: readonly Schemas['BatchPredictionLine'][] = [
  {
    ...{ key: 'test/0', sha256: '0'.repeat(64), answered_by: 'full', error: null },
    classes: [{ name: '7', probability: 0.75 }],
  },
  { key: 'test/1', sha256: '1'.repeat(64), answered_by: null, classes: [], error: ERROR },
];
const ERRORS: readonly Schemas['BatchPredictionFailure'][] = [
  { key: 'test/1', sha256: '1'.repeat(64), error: ERROR },
];
const fileOf = (lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

export const ENDED_BATCH = { result: fileOf(LINES), errors: fileOf(ERRORS) };

/** Inserts a batch prediction of two images that has succeeded: one image could not be read. @returns its id */
export async function insertEndedBatch(
  { blobs, sql }: Strata,
  model: { readonly id: string; readonly name: string },
): Promise<string> {
  const [result, errors] = await Promise.all(
    [ENDED_BATCH.result, ENDED_BATCH.errors].map((file) => blobs.put(Buffer.from(file))),
  );
  const id = `batch_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  const setup = { format: 'jsonl', topK: 1, embedding: false, cascade: null, classes: ['7'] };
  await sql.query(
    `INSERT INTO batch_prediction (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split,
       total, done, failed, result_bytes, max_failed_share, setup, state, finished_at)
     VALUES ($1, 'default', $2, $3, 'full', 'october', 'october', $4, 'test', 2, 2, 1, 300, 0.5, $5, 'succeeded', now())`,
    [id, model.id, model.name, '1'.repeat(64), setup],
  );
  await sql.query(
    `INSERT INTO batch_part (id, batch_id, tenant, number, first, count, uri, errors_uri)
     VALUES ($2, $1, 'default', 0, 0, 2, $3, $4)`,
    [id, `part_${id.slice('batch_'.length)}`, result?.uri, errors?.uri],
  );
  return id;
}
