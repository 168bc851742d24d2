import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Job } from '../../../src/contract/client/jobs.js';
import { FINAL_WEIGHTS } from '../../../src/contract/trainer-protocol.js';
import { blocksOf } from '../../docs/blocks.js';
import { eventually } from '../../support/eventually.js';
import type { ServiceProcess } from '../../support/process.js';
import { pythonPackages } from '../../support/python-packages.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { RUNTIME } from '../support/runtime.js';
import { smallJob } from '../support/specs.js';

const TOOLS = fileURLToPath(new URL('./attestation-requirements.txt', import.meta.url));
const IS_CYCLONEDX = `
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open("bom.json").read()))
`;
const WEIGHTS = { FAKE_TRAINER_WEIGHTS: '1' };
const CONSTANT = { optimizer: { schedule: { type: 'constant' } } } as const;

let strata: Strata;
let worker: ServiceProcess;
let job: Job;
let model: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 2 });
  await strata.startDispatcher();
  worker = await strata.startWorker(WEIGHTS);
  const created = await strata.client.jobs.createJob(smallJob({ ...CONSTANT, seed: 5 }), { actor: 'key_1' });
  job = await ended(created.job.id);
  model = job.result?.model_id ?? assert.fail(JSON.stringify(job.error));
});
after(() => strata.stop());

const ended = (id: string) =>
  eventually('the job has ended', async () => {
    const found = await strata.client.jobs.getJob(id);
    return found?.finished_at != null && found;
  });
const judged = (id: string) =>
  eventually('the weights are compared', async () => {
    const found = await strata.client.models.getReproduction(id);
    return found?.finished_at != null && found;
  });
const reproduced = async () => judged((await strata.client.models.createReproduction(model, 'key_2')).id);
const isRefused = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === code && words.test(error.message);

test('a model says in which runtime it was made, and every task too', async () => {
  const { provenance } = (await strata.client.models.getModel(model)) ?? assert.fail();
  const { node: _, ...runtime } = RUNTIME;
  const [environment, ...others] = provenance.environments;
  assert.ok(environment);
  const { devices, tasks, ...recorded } = environment;
  assert.deepEqual([recorded, others], [runtime, []]);
  assert.deepEqual([devices, tasks], [['cpu:0', 'cpu:1'], job.plan.tasks]);
  assert.deepEqual([provenance.actor, provenance.initial_weights], ['key_1', []]);
  assert.match(provenance.dataset_sha256 ?? '', /^[0-9a-f]{64}$/);
  const { data } = await strata.client.jobs.listJobTasks(job.id);
  for (const task of data) assert.deepEqual(task.runtime, runtime, task.key);
});

test('a reproduction is equal, makes no version, and is the same one while it trains', async () => {
  const { id, job_id } = await strata.client.models.createReproduction(model, null);
  const again = await strata.client.models.createReproduction(model, null);
  const verdict = await judged(id);
  assert.ok(again.id === id || verdict.finished_at !== null);
  assert.deepEqual([verdict.state, verdict.equal, verdict.reason], ['succeeded', true, null]);
  const made = (await strata.client.jobs.getJob(job_id)) ?? assert.fail();
  assert.deepEqual([made.reproduces, made.result?.model_id], [model, null]);
  assert.equal((await strata.client.models.listModels({ limit: 10, order_by: 'created_at' })).data.length, 1);
  assert.deepEqual({ ...made.spec, trackers: [] }, { ...job.spec, trackers: [] });
});

test('a weight that comes out differently is named', async () => {
  await strata.orders.changeWeights();
  const { equal, tensors_that_differ, different_tensors, reason } = await reproduced();
  assert.deepEqual([equal, tensors_that_differ, different_tensors], [false, ['head/dense/bias'], 1]);
  assert.equal(reason, null, 'nothing about the runtime explains it');
});

test('a byte of the stored weights that has changed is found and named', async () => {
  const { data } = await strata.client.jobs.listJobArtifacts(job.id);
  const { sha256 } = data.find(({ name }) => name === FINAL_WEIGHTS) ?? assert.fail();
  const path = await strata.blobs.localPath(`sha256:${sha256}`);
  const bytes = await readFile(path);
  const damaged = Buffer.from(bytes);
  // The first tensor of the file is the kernel: three bytes before those of the bias.
  damaged[damaged.length - 5] = (damaged.at(-5) ?? 0) ^ 1;
  await writeFile(path, damaged);
  const { equal, tensors_that_differ, reason } = await reproduced();
  assert.deepEqual([equal, tensors_that_differ], [false, ['stem/conv/kernel']]);
  assert.deepEqual(await readFile(path), bytes, 'the reproduction has stored the recorded bytes again');
  assert.match(reason ?? '', /damaged.*repairs/);
});

test('a job that fails compares nothing, and says why', async () => {
  await strata.orders.fail('finalize', 'non_finite_loss');
  const { state, equal, reason } = await reproduced();
  assert.deepEqual([state, equal], ['failed', null]);
  assert.match(reason ?? '', /failed with non_finite_loss/);
});

test('data that have changed are refused with both hashes', async () => {
  const { rows } = await strata.sql.query(`SELECT sha256 FROM dataset WHERE name = 'mnist'`);
  const set = (sha256: string) =>
    strata.sql.query(`UPDATE dataset SET sha256 = $1 WHERE name = 'mnist'`, [sha256]);
  await set('0'.repeat(64));
  await assert.rejects(
    strata.client.models.createReproduction(model, null),
    isRefused('not_reproducible', new RegExp(`0{64}.*${rows[0].sha256}`)),
  );
  await set(rows[0].sha256);
});

test('an extension trains the added epochs only, names its parent, and comes once for its key', async () => {
  const options = { idempotencyKey: 'extension', bodyHash: 'hash', actor: null };
  const wanted = { epochs: 1, schedule: 'continue' } as const;
  const { job: created } = await strata.client.jobs.extendJob(job.id, wanted, options);
  const replay = await strata.client.jobs.extendJob(job.id, wanted, options);
  assert.deepEqual([replay.replayed, replay.job.id], [true, created.id]);
  const extended = await ended(created.id);
  assert.deepEqual([extended.state, extended.parent_id, extended.spec.epochs], ['succeeded', job.id, 3]);
  const { data } = await strata.client.jobs.listJobTasks(created.id);
  const [carried, trained] = [
    data.filter(({ attempt }) => attempt === 0),
    data.filter(({ attempt }) => attempt > 0),
  ];
  assert.equal(data.length, extended.plan.tasks);
  assert.ok(
    carried.length > 0 && carried.every(({ state }) => state === 'succeeded'),
    'some are carried over',
  );
  assert.deepEqual([...new Set(trained.map(({ kind }) => kind))].sort(), [
    'end_to_end',
    'finalize',
    'prepare',
  ]);
  assert.equal(extended.result?.speedup ?? null, null);
  const lineage = await strata.client.models.getModelLineage(extended.result?.model_id ?? '');
  const relations = lineage.edges.map(({ from, to, relation }) => `${from} ${relation} ${to}`);
  assert.ok(relations.includes(`${created.id} extends ${job.id}`), relations.join('\n'));
  assert.ok(relations.includes(`${model} made_by ${job.id}`), relations.join('\n'));
  assert.ok(
    relations.includes(`${job.id} trained_on ${lineage.nodes.find(({ type }) => type === 'dataset')?.id}`),
  );
  assert.equal(lineage.nodes[0]?.id, extended.result?.model_id);
});

test('a job that cannot be extended is refused with the remedy', async () => {
  const extend = (id: string, schedule: 'continue' | 'rewarm' = 'continue') =>
    strata.client.jobs.extendJob(id, { epochs: 1, schedule }, { actor: null });
  const cosine = await ended((await strata.client.jobs.createJob(smallJob(), {})).job.id);
  await assert.rejects(extend(cosine.id), isRefused('job_not_extendable', /rewarm/));
  const unmixed = smallJob({
    augmentation: { mixup: 0.2, mix_off_epochs: 1 },
    optimizer: { schedule: { type: 'constant' } },
  });
  const { job: mixed } = await strata.client.jobs.createJob(unmixed, {});
  await ended(mixed.id);
  await assert.rejects(extend(mixed.id), isRefused('job_not_extendable', /without mixing images.*rewarm/));
  assert.equal((await ended((await extend(cosine.id, 'rewarm')).job.id)).state, 'succeeded');
  await assert.rejects(extend('job_none'), isRefused('not_found', /job_none/));
  const other = strata.service.forTenant('other').jobs;
  await assert.rejects(
    other.extendJob(job.id, { epochs: 1, schedule: 'continue' }, { actor: null }),
    isRefused('not_found', /./),
  );
  await strata.sql.query('DELETE FROM model_state WHERE model_id = $1', [cosine.result?.model_id]);
  await assert.rejects(extend(cosine.id, 'rewarm'), isRefused('job_not_extendable', /no state/));
});

test('other tools verify the statement and the bill of materials of a model, and find a changed byte', async () => {
  const { models, jobs } = strata.client;
  const [statement, bill] = [
    await models.getModelStatement(model),
    await models.getModelBillOfMaterials(model),
  ];
  const { data } = await jobs.listJobArtifacts(job.id);
  const weights = data.find(({ name }) => name === FINAL_WEIGHTS) ?? assert.fail();
  const folder = await mkdtemp(join(tmpdir(), 'strata-statement-'));
  after(() => rm(folder, { recursive: true }));
  const put = (name: string, content: object) => writeFile(join(folder, name), JSON.stringify(content));
  await put('key.json', await models.getSigningKey());
  await put('bom.json', bill);
  await put('statement.json', statement);
  await copyFile(await strata.blobs.localPath(`sha256:${weights.sha256}`), join(folder, FINAL_WEIGHTS));
  const [check] = (await blocksOf('docs/provenance.md')).filter(({ language }) => language === 'python');
  const python = async (code: string) => {
    const env = { ...process.env, PYTHONPATH: await pythonPackages('attestation', TOOLS) };
    return promisify(execFile)('python3', ['-c', code], { cwd: folder, env });
  };
  assert.equal((await python(check?.code ?? '')).stdout, 'verified\n');
  assert.equal((await python(IS_CYCLONEDX)).stdout, 'None\n');

  const payload = JSON.parse(Buffer.from(statement.payload, 'base64').toString());
  assert.deepEqual(payload.predicate.buildDefinition.externalParameters.spec, job.spec);
  const forged = { ...payload, subject: [] };
  await put('statement.json', {
    ...statement,
    payload: Buffer.from(JSON.stringify(forged)).toString('base64'),
  });
  await assert.rejects(python(check?.code ?? ''), /VerificationError/);
  await put('statement.json', statement);
  await writeFile(join(folder, FINAL_WEIGHTS), 'others');
  await assert.rejects(python(check?.code ?? ''), /AssertionError/);
  await put('bom.json', { ...bill, components: [{ type: 'nothing' }] });
  assert.notEqual((await python(IS_CYCLONEDX)).stdout, 'None\n');
});

test('a lineage names evaluations, promotions and reproductions, and no model of another tenant', async () => {
  const { nodes } = await strata.client.models.getModelLineage(model);
  const reproductions = nodes.filter(({ type }) => type === 'reproduction').map(({ name }) => name);
  assert.deepEqual(new Set(reproductions), new Set(['equal', 'different', 'not compared']));
  const other = strata.service.forTenant('other').models;
  await assert.rejects(other.getModelLineage(model), isRefused('not_found', /./));
  await assert.rejects(other.createReproduction(model, null), isRefused('not_found', /./));
});

test('another number of threads, or no worker, is refused with the reason', async () => {
  await worker.stop();
  await assert.rejects(
    strata.client.models.createReproduction(model, null),
    isRefused('not_reproducible', /no worker with 1 thread on none.*: no worker is ready/),
  );
  worker = await strata.startWorker({ ...WEIGHTS, FAKE_TRAINER_RUNTIME: '{"threads": 2}' });
  await eventually('the worker reports its slots', async () => {
    const { data } = await strata.service.listWorkers('default');
    return data.some(({ slots }) => slots.some(({ runtime }) => runtime?.threads === 2));
  });
  await assert.rejects(
    strata.client.models.createReproduction(model, null),
    isRefused('not_reproducible', /no worker with 1 thread on none.*: workers have 2 threads on none/),
  );
});
