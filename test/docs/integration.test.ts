import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { DEFAULT_TENANT, SCOPES } from '../../src/contract/access.js';
import type { TenantClient } from '../../src/contract/client/tenant.js';
import { openKeyOffice } from '../../src/jobs/client/keys/key-office.js';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { encodeEventFile } from '../../src/trainer/documents/event-file.js';
import { imageFolder, makeImage, type NamedFile } from '../datasets/support/images.js';
import { temporaryFolder } from '../provision/temporary.js';
import { installPackage } from '../python/installed-package.js';
import { eventually } from '../support/eventually.js';
import { startLiveService } from '../support/live-service.js';
import { loadSavedModel } from '../support/saved-model.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { codeBlocks } from '../trainer/support/document-readers.js';
import { ADDRESS, blocksOf } from './blocks.js';
import { runWorkflow } from './github-action.js';
import { readOwnPictures } from './own-pictures.js';
import { bringToProduction } from './to-production.js';
import { readTutorial, tidyUp } from './tutorial.js';

const TSX = import.meta.resolve('tsx');

/** A Python with the package `strata-train`. */
let python: string;
let installed: string;
before(async () => {
  installed = await mkdtemp(join(tmpdir(), 'strata-docs-'));
  ({ python } = await installPackage(installed));
});
after(() => rm(installed, { recursive: true }));

describe('the examples of docs/integration.md run as pasted, from an empty folder', () => {
  let strata: Strata;
  let url: string;
  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    await strata.startDispatcher();
    await strata.startWorker();
    url = (await strata.startApi()).url ?? '';
  });
  after(() => strata.stop());

  // In this order: the server needs a key once there is one.
  for (const key of [null, 'reader'] as const) {
    const name = key === null ? 'a server without keys' : "a reader's key";
    test(`TypeScript and Python submit, follow and download with ${name}`, async (t) => {
      const secret = key && (await createKey(strata.client, url, key));
      await checkDownload(await submitInTypeScript(t, url, secret), ['client', 'example.ts', 'package.json']);
      await checkDownload(await submitInPython(t, url, secret), ['example.py']);
    });
  }

  test('the examples of docs/python.md run as pasted', async (t) => {
    const secret = await createKey(strata.client, url, 'notebook');
    const folder = await temporaryFolder(t);
    const run = async (line: string) => runPython(folder, await pythonExample(line), url, secret);
    assert.match(await run('to_pandas'), /test accuracy 0\.\d+\nstage\n0 /);
    await checkDownload(folder, ['example.py']);
    await writeFolder(join(folder, 'flowers'), await imageFolder(['train', 'test'], ['rose', 'tulip'], 2));
    assert.equal(await run('datasets.upload'), "['rose', 'tulip'] 4\n");
    assert.match(await run('AsyncStrata()'), /^(job_\w+ succeeded\n){2}$/);
    await writeTensorBoard(folder, secret);
  });

  test('the example of docs/sweeps.md lets Optuna choose the points', async (t) => {
    const secret = await createKey(strata.client, url, 'optimizer');
    const blocks = await blocksOf('docs/sweeps.md');
    const source =
      blocks.find(({ code }) => code.includes('import optuna'))?.code ?? assert.fail('no example');
    const told = await runPython(await temporaryFolder(t), source, url, secret);
    assert.match(told, /^{'\/optimizer\/learning_rate': 0\.0\d+} 0\.6\n$/);
    const [sweep] = (await strata.client.sweeps.listSweeps({ limit: 1 })).data;
    assert.deepEqual([sweep?.ended, sweep?.counts.succeeded], ['completed', 3]);
  });

  test('the workflow of docs/github-action.md trains and comments, and fails with the job', async (t) => {
    const env = { ...environment(await createKey(strata.client, url, 'workflow')), STRATA_URL: url };
    const bin = dirname(python);
    const { succeeded, comment } = await runWorkflow(await temporaryFolder(t), bin, env);
    assert.match(comment, /^pr comment 7 --body-file comment.md\n\*\*digits\*\* succeeded\n/);
    assert.equal(succeeded, true);
    const refused = await runWorkflow(await temporaryFolder(t), bin, env, { dataset: 'nowhere' });
    assert.deepEqual([refused.succeeded, /could not be submitted/.test(refused.comment)], [false, true]);
  });

  /** The command of docs/trackers.md, for the job of the notebook: its own points, as the trainer's own writer has them. */
  async function writeTensorBoard(folder: string, secret: string): Promise<void> {
    const [job] = (await strata.client.jobs.listJobs({ limit: 100 })).data.filter(
      ({ name }) => name === 'first',
    );
    assert.ok(job);
    const blocks = await blocksOf('docs/trackers.md');
    const command =
      blocks.find(({ code }) => code.includes('tensorboard'))?.code ?? assert.fail('no command');
    const PATH = `${dirname(python)}:${process.env.PATH}`;
    const env = { ...environment(secret), STRATA_URL: url, PATH, JOB: job.id };
    const path = (await exec('bash', ['-e', '-c', command], { cwd: folder, env })).trim();
    assert.equal(path, `runs/${job.id}/events.out.tfevents.strata`);
    const { data } = await strata.client.jobs.listJobMetrics(job.id, { points: 1_000 });
    const series = data.map(({ name, stage, points }) => ({ name, stage, points }));
    const expected = recordsOf(Buffer.from(encodeEventFile({ at: '', series })));
    // The first one has the time of writing.
    const written = recordsOf(await readFile(join(folder, path)));
    assert.deepEqual(written.slice(1).sort(), expected.slice(1).sort());
    assert.ok(written.length > 10, `${written.length} records`);
  }
});

test('the model of the example loads, and docs/tutorial.md, docs/own-pictures.md and docs/to-production.md work as pasted', async (t) => {
  const { apiUrl: url, databaseUrl } = await startLiveService(t);
  const folder = await submitInTypeScript(t, url, null);
  for (const name of ['full', 'compact']) await loadSavedModel(join(folder, 'model', name, 'model.json'));
  await predict(t, url);
  const reader = { STRATA_URL: url, PATH: `${dirname(python)}:${process.env.PATH}` };
  const tutorial = await readTutorial(await temporaryFolder(t), reader);
  await tidyUp(tutorial);
  await readOwnPictures(await temporaryFolder(t), reader);
  await bringToProduction(await temporaryFolder(t), reader);
  const office = await openKeyOffice(databaseUrl);
  const key = await office.create({ tenant: DEFAULT_TENANT, name: 'reader', scopes: SCOPES });
  await office.close();
  await requireKey(url);
  await readTutorial(await temporaryFolder(t), { ...reader, STRATA_API_KEY: key });
});

/** Asks the only model, as soon as it has the name and the tag by which the example finds it. */
async function predict(t: TestContext, url: string): Promise<void> {
  const [model] = ((await (await fetch(`${url}/models`)).json()) as ModelList).data;
  const json = {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"digits"}',
  };
  assert.equal((await fetch(`${url}/models/${model?.id}`, json)).status, 200);
  const promoted = await fetch(`${url}/models/${model?.id}/tags/production`, { method: 'PUT' });
  assert.equal(promoted.status, 200);
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'digit.png'), await makeImage(1, { height: 28, width: 28, gray: true }));
  const printed = await runTypeScript(folder, await example('ts', url, 1), null);
  assert.match(printed, /^(\d [01]\.\d{3}\n){3}$/);
  assert.match(
    await runPython(folder, await pythonExample('model.predict'), url, null),
    /^(\d [01]\.\d{1,3}\n){3}$/,
  );
}

interface ModelList {
  readonly data: readonly { readonly id: string }[];
}

/** An example in a language, the first if no other is asked for, with the address of this server. */
async function example(language: 'ts' | 'python', url: string, index = 0): Promise<string> {
  const block = codeBlocks(await readFile(join(ROOT, 'docs/integration.md'), 'utf8'), language)[index];
  assert.ok(block, `docs/integration.md has an example in ${language}`);
  return block.replaceAll(ADDRESS, url);
}

/** The records of an event file, checksums and all, as text. */
function recordsOf(file: Buffer): string[] {
  const records: string[] = [];
  for (let at = 0; at < file.length; ) {
    const end = at + 16 + Number(file.readBigUInt64LE(at));
    records.push(file.toString('hex', at, end));
    at = end;
  }
  return records;
}

/** The environment of a reader who has this key, or none. */
function environment(key: string | null): NodeJS.ProcessEnv {
  const { STRATA_API_KEY: _, ...env } = process.env;
  return key === null ? env : { ...env, STRATA_API_KEY: key };
}

async function submitInTypeScript(t: TestContext, url: string, key: string | null): Promise<string> {
  const folder = await temporaryFolder(t);
  await runTypeScript(folder, await example('ts', url), key);
  return folder;
}

async function runTypeScript(folder: string, source: string, key: string | null): Promise<string> {
  await symlink(join(ROOT, 'client'), join(folder, 'client'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'example.ts'), source);
  return exec(process.execPath, ['--import', TSX, 'example.ts'], { cwd: folder, env: environment(key) });
}

async function submitInPython(t: TestContext, url: string, key: string | null): Promise<string> {
  const folder = await temporaryFolder(t);
  await runPython(folder, await example('python', url), url, key);
  return folder;
}

async function runPython(folder: string, source: string, url: string, key: string | null): Promise<string> {
  await writeFile(join(folder, 'example.py'), source);
  const env = { ...environment(key), STRATA_URL: url, XDG_CACHE_HOME: folder, PYTHONDONTWRITEBYTECODE: '1' };
  return exec(python, ['example.py'], { cwd: folder, env });
}

/** The example of docs/python.md that has this line. */
async function pythonExample(line: string): Promise<string> {
  const blocks = await blocksOf('docs/python.md');
  return blocks.find(({ code }) => code.includes(line))?.code ?? assert.fail(`docs/python.md has ${line}`);
}

async function writeFolder(folder: string, files: readonly NamedFile[]): Promise<void> {
  for (const { name, bytes } of files) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

/** An artifact is called README.md: beside the reader's own README.md it would replace that. */
async function checkDownload(folder: string, own: readonly string[]): Promise<void> {
  assert.deepEqual((await readdir(folder)).sort(), [...own, 'model'].sort());
  assert.deepEqual((await readdir(join(folder, 'model'))).sort(), ['full', 'report.json']);
  assert.deepEqual(await readdir(join(folder, 'model/full')), ['weights.bin']);
}

/** Its secret. From now on the server refuses requests without a key. */
async function createKey(client: TenantClient, url: string, name: string): Promise<string> {
  const { key } = await client.apiKeys.createApiKey({ name, scopes: [...SCOPES] });
  await requireKey(url);
  return key;
}

/** Resolves once the server has noticed its first key. */
async function requireKey(url: string): Promise<void> {
  await eventually(
    'a request without a key is refused',
    async () => (await fetch(`${url}/jobs`)).status === 401,
  );
}
