import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { findSame, insertEvaluation, type NewEvaluation } from '../../../src/jobs/store/evaluations.js';
import { useStore } from '../support/store.js';

let db: Database;
useStore((store) => ({ db } = store));

const URI = `sha256:${'0'.repeat(64)}` as const;
const QUESTION = {
  ...{ tenant: 'ours', modelId: null, checkpointId: 'job_1-final', jobId: null },
  ...({ variant: 'full', split: 'test', tta: 'none' } as const),
  ...{ datasetId: 'dataset_1', datasetSha256: '0', cascade: false },
};
const evaluation = (id: string, slices: readonly string[]): NewEvaluation => ({
  ...{ ...QUESTION, id, slices, modelName: null, datasetName: 'six', images: 1_500, serving: { full: URI } },
  setup: {
    ...{ network: URI, image: { height: 1, width: 1, channels: 1 }, storage: 'pixels', classes: ['a', 'b'] },
    ...{ manifest: URI, split: 'test', labels: [0, 1], tta: 'none', slices },
  },
});

test('evaluations with other slices are other questions, and one without slices has none', async () => {
  const asked = [[], ['metadata.site'], ['metadata.camera', 'metadata.site']];
  for (const [place, slices] of asked.entries()) {
    assert.equal(await findSame(db, { ...QUESTION, slices }), null);
    const row = await db.$transaction((tx) =>
      insertEvaluation(tx, evaluation(`evaluation_${place}`, slices), 1_000),
    );
    assert.deepEqual([row.slices, row.parts], [slices, 3]);
  }
  for (const [place, slices] of asked.entries())
    assert.equal((await findSame(db, { ...QUESTION, slices }))?.id, `evaluation_${place}`);
});
