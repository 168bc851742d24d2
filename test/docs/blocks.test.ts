import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';
import { type Block, blocksIn, blocksOf, readPages } from './blocks.js';

/** Blocks that a test runs or sends, by the beginning of their name, with that test. */
const RUN: Readonly<Record<string, string>> = {
  'README.md: curl': 'test/docs/readme.test.ts',
  'README.md: ./strata': 'test/docs/cli.test.ts',
  'README.md: MODEL=': 'test/docs/readme.test.ts',
  'README.md: {"type":"urn:strata:error:invalid_spec"': 'test/docs/readme.test.ts',
  'docs/cli.md: ./strata submit': 'test/docs/cli.test.ts',
  'docs/cli.md: job=': 'test/docs/cli.test.ts',
  'docs/cli.md: eval': 'test/docs/cli.test.ts',
  'docs/datasets.md: curl': 'test/docs/examples.test.ts',
  'docs/datasets.md: ADDRESS=': 'test/docs/examples.test.ts',
  'docs/trackers.md: {': 'test/docs/examples.test.ts',
  'docs/integration.md: import { createServer }': 'test/docs/examples.test.ts',
  'docs/integration.md: import os': 'test/docs/examples.test.ts',
  'docs/integration.md: import { mkdir': 'test/docs/integration.test.ts',
  'docs/integration.md: import { readFile }': 'test/docs/integration.test.ts',
  'docs/integration.md: from strata_train': 'test/docs/integration.test.ts',
  'docs/github-action.md: name: train': 'test/docs/github-action.ts',
  'docs/github-action.md: import json': 'test/docs/github-action.ts',
  'docs/github-action.md: {"name"': 'test/docs/github-action.ts',
  'docs/trackers.md: python -m strata_train': 'test/docs/integration.test.ts',
  'docs/python.md: from strata_train': 'test/docs/integration.test.ts',
  'docs/python.md: import asyncio': 'test/docs/integration.test.ts',
  'docs/early-stopping.md: {': 'test/docs/examples.test.ts',
  'docs/sweeps.md: {': 'test/docs/examples.test.ts',
  'docs/sweeps.md: import optuna': 'test/docs/integration.test.ts',
  'docs/tutorial.md: ': 'test/docs/tutorial.ts',
  'docs/own-pictures.md: ': 'test/docs/own-pictures.ts',
  'docs/to-production.md: ': 'test/docs/to-production.ts',
  'docs/exports.md: import json': 'test/docs/exports.test.ts',
  'docs/exports.md: from strata_train.prepare': 'test/python/prepare.test.ts',
  'docs/exports.md: import { readFile }': 'test/python/prepare.test.ts',
  'docs/provenance.md: import hashlib': 'test/jobs/worker/provenance.test.ts',
};

/** All other blocks, by the beginning of their name, with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'README.md: POST /jobs ──>': 'a picture',
  'README.md: npm run quickstart': 'CI runs both commands',
  'README.md: id: 1': 'output',
  'docs/benchmarks.md: ': 'output of the benchmarks, generated from their results',
  'docs/cli.md: npm run':
    'it makes the first key of a service; test/service/commands/api-key.test.ts and test/cli/things.test.ts run both halves',
  'docs/errors.md: {': 'an answer, generated from the catalogue of errors',
  'docs/exports.md: {': 'an excerpt of metadata, which test/trainer/export/metadata.test.ts checks',
  'docs/exports.md: pip install onnx2tf': 'it installs two gigabytes; tried by hand, as the page says',
  'docs/job-states.md: stateDiagram-v2': 'a picture',
  'docs/method.md:             round 0': 'a picture',
  'docs/python.md: pip install': 'test/python installs the wheel, and every package that comes with it',
  'docs/operating.md: npm run api-key':
    'test/service/commands/api-key.test.ts runs these commands; the id is an example',
  "docs/operating.md: REDIS_URL='redis://user:password@sentinel-1":
    'it needs Sentinels of your own; test/jobs/queue/sentinel.test.ts has such a URL',
  "docs/operating.md: REDIS_URL='redis://user:password@node-1":
    'it needs a cluster of your own; test/jobs/queue/cluster.test.ts has such a URL',
  'docs/operating.md: pool_mode = transaction':
    'settings of PgBouncer; test/jobs/store/pooler.test.ts starts one with the same where it is installed',
  'docs/operating.md: scrape_configs': 'a setting of Prometheus, which is not installed here',
  'docs/operating.md: CREATE ROLE': 'test/jobs/worker/worker-role.test.ts creates the same role',
  'docs/operating.md: npm run backup': 'test/service/backup runs these commands; the folder is an example',
  'docs/operating.md: aws s3api create-bucket':
    'it needs a bucket of your own; test/storage/s3-store.test.ts sends the same requests to versitygw',
  'docs/operating.md: kubectl apply':
    'it needs a cluster; test/architecture/deploy.test.ts checks the manifests',
  'docs/operating.md: pg_dump': 'it needs the tools of a Postgres server of your own',
  'docs/batch-predictions.md: curl':
    'the ids are examples; test/jobs/worker/batch-predictions.test.ts asks the same',
  'docs/batch-predictions.md: strata':
    'the archive is an example; test/jobs/worker/batch-predictions.test.ts sends one',
  'docs/batch-predictions.md: {': 'a line of a result with an example hash',
  'docs/datasets.md: file_name': 'an example of a file; test/datasets/metadata.test.ts imports some like it',
  'docs/evaluations.md: curl': 'the ids are examples; test/jobs/worker/evaluations.test.ts asks the same',
  'docs/evaluations.md: {': 'a line of an answer with an example id',
  'docs/provenance.md: strata models reproduce': 'it trains twice; test/service/real-job.test.ts does',
  'docs/provenance.md: strata models statement': 'test/cli/things.test.ts runs these commands',
  'docs/agents.md: {': 'the settings of an agent; test/cli/mcp.test.ts connects a client',
  'docs/registry.md: curl': 'the names are examples; test/jobs/client/registry.test.ts does the same',
  'docs/registry.md: {': 'a rule with an example dataset; test/jobs/client/registry.test.ts sets such rules',
  'docs/weights.md: curl': 'the file is an example; test/jobs/client/weights.test.ts uploads such a file',
  'docs/weights.md: {': 'a job with an example id; test/jobs/client/weights.test.ts creates such a job',
  'docs/weights.md: import torch': 'it needs PyTorch and a pickle of your own',
  'docs/operating.md: pg_restore': 'it needs the tools of a Postgres server of your own',
};

function matches(list: Readonly<Record<string, string>>, { name }: Block): string[] {
  return Object.keys(list).filter((beginning) => name.startsWith(beginning));
}

/** A complaint for each block that is in neither list, or in both. */
function unlisted(blocks: readonly Block[]): string[] {
  return blocks
    .filter((block) => matches(RUN, block).length + matches(NOT_RUN, block).length !== 1)
    .map(({ name }) => name);
}

test('each code block of README.md and docs is run by a test, or is listed with the reason why not', async () => {
  const blocks = (await Promise.all((await readPages()).map(blocksOf))).flat();
  assert.ok(blocks.length > 40, `${blocks.length} blocks`);
  assert.deepEqual(unlisted(blocks), [], 'add these to RUN with their test, or to NOT_RUN with a reason');
  for (const list of [RUN, NOT_RUN]) {
    const used = new Set(blocks.flatMap((block) => matches(list, block)));
    assert.deepEqual(
      Object.keys(list).filter((name) => !used.has(name)),
      [],
      'these blocks are gone',
    );
  }
});

test('the test that runs a block reads its page', async () => {
  for (const [beginning, file] of Object.entries(RUN)) {
    const page = beginning.split(': ')[0]!;
    const source = await readFile(join(ROOT, file), 'utf8');
    assert.ok(source.includes(page), `${file} does not read ${page}`);
  }
});

test('a block that nobody listed is found', () => {
  const page = '# A page\n\n```sh\ncurl http://127.0.0.1:3000/nothing\n```\n\n```\na table\n```\n';
  const blocks = blocksIn('docs/new.md', page);
  assert.deepEqual(
    blocks.map(({ language, code }) => [language, code]),
    [
      ['sh', 'curl http://127.0.0.1:3000/nothing\n'],
      ['', 'a table\n'],
    ],
  );
  assert.deepEqual(unlisted(blocks), [
    'docs/new.md: curl http://127.0.0.1:3000/nothing',
    'docs/new.md: a table',
  ]);
});
