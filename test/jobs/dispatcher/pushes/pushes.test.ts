import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installedTorch } from '../../../../bench/step/torch.js';
import type { TenantClient } from '../../../../src/contract/client/tenant.js';
import type { components } from '../../../../src/contract/generated/openapi.js';
import type { Pusher } from '../../../../src/jobs/dispatcher/deliveries/pushes/pusher.js';
import { openPushes } from '../../../../src/jobs/dispatcher/deliveries/pushes/pushes.js';
import type { Database } from '../../../../src/jobs/store/connection/database.js';
import { exec } from '../../../../src/provision/exec.js';
import { LIBRARIES } from '../../../../src/trainer/export/libraries.js';
import { stateDict } from '../../../../src/trainer/export/state-dict.js';
import { temporaryFolder } from '../../../provision/temporary.js';
import { pythonPackages } from '../../../support/python-packages.js';
import type { Strata } from '../../../support/strata.js';
import { startVersitygw, versitygw } from '../../../support/versitygw.js';
import { imagenetResnet, LIBRARY_CLASSES, libraryModel } from '../../../trainer/support/library-model.js';
import { insertModel } from '../../support/models.js';
import { makeDue, sendAll, senderParts, unrenewedLeases, useOutbox } from '../../support/outbox.js';
import { smallJob } from '../../support/specs.js';
import { startMlflow } from '../trackers/mlflow-server.js';
import { FakeBucket, FakeRegistry } from './fake-targets.js';

const built = await versitygw();
const torch = await installedTorch();
const skip = 'missing' in built ? built.missing : false;

let strata: Strata;
let db: Database;
let client: TenantClient;
useOutbox((store) => ({ strata, db, client } = store));

function send(changes: Partial<Pusher> = {}): Promise<void> {
  return sendAll(openPushes({ ...senderParts({ strata, db }), ...changes }));
}

const FILES = {
  'README.md': '# card',
  'full/model.onnx': 'an onnx file',
  'full/transformers/config.json': '{}',
  'full/transformers/model.safetensors': 'weights',
};

/** A model with small files. */
async function makeModel(files: Readonly<Record<string, string | Uint8Array>> = FILES): Promise<string> {
  const { job } = await client.jobs.createJob(smallJob(), {});
  const id = await insertModel(strata.sql, job.id);
  for (const [name, content] of Object.entries(files)) {
    const { uri, size_bytes: size } = await strata.blobs.put(Buffer.from(content));
    await strata.sql.query(
      `INSERT INTO artifact (id, job_id, model_id, name, kind, media_type, size_bytes, sha256)
       VALUES ($1, $2, $3, $4, 'model', 'text/plain', $5, $6)`,
      [`artifact_${job.id}_${name}`, job.id, id, name, size, uri.slice('sha256:'.length)],
    );
  }
  return id;
}

type Asked = components['schemas']['ModelPushRequest'];
const CREDENTIALS = { access_key_id: 'someone', secret_access_key: 'c2VjcmV0' };
const push = (id: string, request: Pick<Asked, 'target' | 'url'> & Partial<Asked>) =>
  client.models.pushModel(id, {
    ...{ variant: 'full', alias: null, region: null, credentials: null, authorization: null },
    ...request,
  });
const pushesOf = async (id: string) => (await client.models.listModelPushes(id)).data;

/**
 * Makes a push whose claim is lost after its first request, another that loses it after the second one, ... until one has no
 * more requests. Each is then sent again, and checked.
 */
async function killedAtEachStep(
  target: FakeBucket | FakeRegistry,
  begin: () => Promise<string>,
  check: (id: string) => void,
): Promise<number> {
  for (let last = 1; ; last++) {
    const id = await begin();
    let lose = (): void => undefined;
    const hold: Pusher['leases']['hold'] = ({ onLost }) => {
      lose = onLost;
      return () => undefined;
    };
    target.watch((requests) => requests === last && lose());
    await send({ leases: { ...unrenewedLeases, hold } });
    const isWhole = target.requests < last;
    target.watch(() => undefined);
    await makeDue(strata, 'model_push');
    await send();
    check(id);
    if (isWhole) return last - 1;
  }
}

test('a push to a bucket that is killed at each step leaves the same files, with their list at the end', async (t) => {
  const bucket = await FakeBucket.start();
  t.after(() => bucket.stop());
  const url = `${bucket.url}/models/of ours/`;
  const begin = async () => {
    bucket.objects.clear();
    const id = await makeModel();
    await push(id, { target: 's3', url, credentials: CREDENTIALS });
    return id;
  };
  let id = '';
  const steps = await killedAtEachStep(bucket, begin, (pushed) => {
    id = pushed;
    const folder = `/models/of%20ours/${id}`;
    const names = ['model.onnx', 'transformers/config.json', 'transformers/model.safetensors', 'README.md'];
    const paths = [...names, 'manifest.json'].map((name) => `${folder}/${name}`);
    assert.deepEqual([...bucket.objects.keys()], paths);
    assert.equal(bucket.objects.get(`${folder}/model.onnx`), 'an onnx file');
    const { files } = JSON.parse(bucket.objects.get(`${folder}/manifest.json`) ?? '');
    assert.deepEqual(
      files.map(({ name }: { name: string }) => name),
      names,
    );
  });
  assert.equal(steps, 5);
  const [done, ...others] = await pushesOf(id);
  assert.deepEqual([done?.state, done?.error, others.length], ['succeeded', null, 0]);
  assert.equal(done?.location, `${bucket.url}/models/of ours/${id}`);
});

test('a push to MLflow that is killed at each step makes one version, with its alias', async (t) => {
  const registry = await FakeRegistry.start();
  t.after(() => registry.stop());
  const begin = async () => {
    registry.clear();
    const id = await makeModel();
    await push(id, { target: 'mlflow', url: registry.url, alias: 'champion' });
    return id;
  };
  const steps = await killedAtEachStep(registry, begin, (id) => {
    const [{ version, source } = { version: '', source: '' }, ...others] = registry.versions;
    assert.deepEqual([source, others], [`strata:/models/${id}/full`, []]);
    assert.deepEqual([registry.names, registry.aliases], [['digits'], [['champion', version]]]);
  });
  assert.equal(steps, 5);
  const versions = registry.versions.length;
  const other = await makeModel();
  await push(other, { target: 'mlflow', url: registry.url, alias: 'champion' });
  await send();
  const newest = registry.versions.at(-1)?.version;
  assert.deepEqual([registry.versions.length, registry.aliases], [versions + 1, [['champion', newest]]]);
  assert.equal((await pushesOf(other))[0]?.location, `${registry.url}/#/models/digits/versions/${newest}`);
});

test('the layout of Hugging Face has a card, a configuration and weights; a model without them says what to do', async (t) => {
  const bucket = await FakeBucket.start();
  t.after(() => bucket.stop());
  const [id, bare] = [await makeModel(), await makeModel({ 'full/model.onnx': 'an onnx file' })];
  for (const model of [id, bare])
    await push(model, { target: 'hf', url: `${bucket.url}/hub`, credentials: CREDENTIALS });
  await send();
  assert.deepEqual([...bucket.objects].filter(([name]) => !name.endsWith('manifest.json')).sort(), [
    [`/hub/${id}/README.md`, '# card'],
    [`/hub/${id}/config.json`, '{}'],
    [`/hub/${id}/model.safetensors`, 'weights'],
  ]);
  const [refused] = await pushesOf(bare);
  assert.equal(refused?.state, 'failed');
  assert.match(refused?.error ?? '', /train it with the export transformers or timm/);
});

/** Loads a pushed repository, and prints the tensors that are missing, left over, or of another shape. */
const LOAD = `
import json, sys
from transformers import ResNetForImageClassification
model, found = ResNetForImageClassification.from_pretrained(sys.argv[1], output_loading_info=True)
# Counters of batch norms, which only training uses.
wrong = [str(name) for names in found.values() for name in names if "num_batches_tracked" not in str(name)]
print(json.dumps({"wrong": wrong, "classes": list(model.config.id2label.values())}))
`;

test('transformers loads a pushed repository with every tensor', {
  skip: torch ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there',
}, async (t) => {
  const folder = await temporaryFolder(t);
  const bucket = await FakeBucket.start();
  t.after(() => bucket.stop());
  const network = imagenetResnet(18);
  const model = libraryModel(network);
  const { layout, config } = LIBRARIES.transformers;
  const id = await makeModel({
    'README.md': '# card',
    'full/transformers/config.json': JSON.stringify(config(model, network)),
    'full/transformers/model.safetensors': stateDict(model, network, layout),
  });
  await push(id, { target: 'hf', url: `${bucket.url}/hub`, credentials: CREDENTIALS });
  await send();
  for (const name of ['README.md', 'config.json', 'model.safetensors'])
    await writeFile(join(folder, name), bucket.bytes.get(`/hub/${id}/${name}`) ?? assert.fail(name));
  const packages = await pythonPackages(
    'libraries',
    fileURLToPath(new URL('../../../trainer/export/requirements.txt', import.meta.url)),
  );
  const env = {
    ...process.env,
    ...torch,
    PYTHONPATH: `${torch?.PYTHONPATH}:${packages}`,
    HF_HUB_OFFLINE: '1',
  };
  const printed = await exec('python3', ['-c', LOAD, folder], { env });
  const answer = JSON.parse(printed.trim().split('\n').at(-1) ?? '');
  assert.deepEqual(answer, { wrong: [], classes: LIBRARY_CLASSES });
});

test('credentials are sealed while they are needed, and forgotten afterwards', async (t) => {
  const bucket = await FakeBucket.start();
  t.after(() => bucket.stop());
  const id = await makeModel();
  const answer = await push(id, { target: 's3', url: `${bucket.url}/models`, credentials: CREDENTIALS });
  const stored = async () =>
    (await strata.sql.query('SELECT * FROM model_push WHERE model_id = $1', [id])).rows;
  const before = await stored();
  assert.ok(before[0].secret);
  assert.ok(!JSON.stringify([before, answer, await pushesOf(id)]).includes(CREDENTIALS.secret_access_key));
  await send();
  assert.equal((await stored())[0].secret, null);
  assert.match(
    bucket.signatures[0] ?? '',
    /^AWS4-HMAC-SHA256 Credential=someone\/\d{8}\/us-east-1\/s3\/aws4_request/,
  );
});

test('private addresses, fields of other targets, missing ones and other tenants are refused', async () => {
  const id = await makeModel();
  const refused = async (request: Parameters<typeof push>[1], code: string, pointer: string) =>
    assert.rejects(push(id, request), (error: unknown) => {
      const { code: found, errors } = error as { code: string; errors: { pointer: string }[] };
      assert.deepEqual([found, errors[0]?.pointer], [code, pointer]);
      return true;
    });
  const credentials = CREDENTIALS;
  await refused({ target: 's3', url: 'https://10.0.0.1/bucket', credentials }, 'forbidden_target', '/url');
  await refused({ target: 'mlflow', url: 'http://example.com' }, 'forbidden_target', '/url');
  await refused({ target: 's3', url: 'https://example.com/bucket' }, 'invalid_request', '/credentials');
  await refused({ target: 'hf', url: 'https://example.com/', credentials }, 'invalid_request', '/url');
  await refused({ target: 'mlflow', url: 'https://example.com', region: 'eu' }, 'invalid_request', '/region');
  const theirs = strata.service.forTenant('theirs').models;
  await assert.rejects(theirs.listModelPushes(id), { code: 'not_found' });
});

test('a store of S3 accepts the signature, and has the bytes', { skip }, async (t) => {
  if (!('program' in built)) return;
  const home = await temporaryFolder(t, () => server.stop());
  const server = await startVersitygw(built.program, home);
  await server.createBucket('models', false);
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = process.env;
  const model = await makeModel();
  const url = `${server.endpoint}/models/pushed`;
  const wrong = { access_key_id: id, secret_access_key: 'wrong' };
  await push(model, { target: 's3', url, credentials: wrong });
  await send();
  assert.match((await pushesOf(model))[0]?.error ?? '', /^answered 403 to /);
  await push(model, { target: 's3', url, credentials: { ...wrong, secret_access_key: secret } });
  await send();
  const [done] = await pushesOf(model);
  assert.deepEqual([done?.state, done?.error], ['succeeded', null]);
  const file = join(server.folder, 'models/pushed', model, 'transformers/model.safetensors');
  assert.equal(await readFile(file, 'utf8'), 'weights');
});

test('a real MLflow server has the version and the alias, once', async (t) => {
  const mlflow = await startMlflow();
  t.after(() => mlflow.stop());
  const id = await makeModel();
  for (let count = 0; count < 2; count++) {
    await push(id, { target: 'mlflow', url: mlflow.url, alias: 'champion' });
    await send();
    const [done] = await pushesOf(id);
    assert.deepEqual([done?.state, done?.error], ['succeeded', null]);
  }
  interface Found {
    readonly model_versions?: readonly { readonly version: string; readonly source: string }[];
  }
  const { model_versions: versions = [] } = await mlflow.get<Found>('/model-versions/search');
  assert.deepEqual(
    versions.map(({ version, source }) => [version, source]),
    [['1', `strata:/models/${id}/full`]],
  );
  const held = await mlflow.get<{ model_version: { version: string } }>(
    '/registered-models/alias?name=digits&alias=champion',
  );
  assert.equal(held.model_version.version, '1');
});
