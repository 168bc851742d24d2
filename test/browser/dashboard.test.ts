import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { BrowserContext, Page } from 'playwright-core';
import { buildApp } from '../../src/api/app.js';
import { encodePredictions } from '../../src/contract/test-predictions.js';
import { CIFAR_RESNET } from '../../src/network/layouts/index.js';
import { compileDashboard } from '../../src/service/compile-dashboard.js';
import { imageFolder } from '../datasets/support/images.js';
import { makeZip } from '../datasets/support/zip.js';
import { jobSpec, smallJob } from '../jobs/support/specs.js';
import { checkJob, smallSweep } from '../jobs/support/sweeps.js';
import { foreignFile, safetensorsOf } from '../support/foreign-weights.js';
import { startProcess } from '../support/process.js';
import { blobUrlOf, FAKE_TRAINER, Strata } from '../support/strata.js';
import { findChromium, withBrowser } from './chromium.js';
import { insertBatch, insertEvaluation } from './evaluated.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The part of axe-core that the script of the page uses. */
declare const axe: {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
};
declare const document: {
  cookie: string;
  documentElement: { scrollWidth: number; clientWidth: number };
  querySelectorAll(selector: string): Iterable<{ complete: boolean; naturalWidth: number }>;
};

/** Waits until the page shows so many pictures, each of which the browser could decode. */
async function shownPictures(page: Page, count: number): Promise<void> {
  await page.waitForFunction((wanted) => {
    const pictures = [...document.querySelectorAll('.pictures img')];
    return (
      pictures.length === wanted &&
      pictures.every(({ complete, naturalWidth }) => complete && naturalWidth > 0)
    );
  }, count);
}

describe('the dashboard in a browser', { skip }, () => {
  let strata: Strata;
  let app: FastifyInstance;
  let url: string;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-dashboard-'));
    await compileDashboard(folder);
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    app = await startApi();
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  const startApi = () =>
    buildApp(strata.service, {
      logLevel: 'silent',
      loopback: true,
      requestsPerMinute: 0,
      dashboard: folder,
      resumable: { folder: join(folder, 'uploads'), limitBytes: Number.POSITIVE_INFINITY },
    });
  after(async () => {
    await app?.close();
    await strata?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Everything that a page must not do: it is empty at the end of each test. */
  function faultsOf(page: Page): string[] {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
    page.on('console', (message) => {
      // A refused spec is an answer, which the browser logs as an error of its own.
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith('http') && host !== new URL(url).host) faults.push(`request: ${request.url()}`);
    });
    return faults;
  }

  const inBrowser = (use: (page: Page, faults: string[], browser: BrowserContext) => Promise<void>) =>
    withBrowser(executable!, async (browser) => {
      const page = await browser.newPage();
      const faults = faultsOf(page);
      await use(page, faults, browser);
      assert.deepEqual(faults, []);
    });

  test('a job is created in the form, watched to its end, cloned and compared', async () => {
    await inBrowser(async (page) => {
      await page.goto(url);
      await page.getByText('No jobs yet').waitFor();
      await page.getByRole('link', { name: 'New job' }).click();
      await page.getByLabel('stages', { exact: true }).fill('99');
      const row = page.locator('[data-pointer="/method/stages"]');
      await row.getByRole('alert').waitFor();
      assert.match((await row.getByRole('alert').textContent()) ?? '', /9/);
      await page.getByLabel('stages', { exact: true }).fill('3');
      await row.getByRole('alert').waitFor({ state: 'detached' });
      await page.getByText('Speed-up on K devices').waitFor();
      await page.getByRole('button', { name: 'Create job' }).click();
      await page.waitForURL(/\/ui\/jobs\/job_/);
      await page.locator('.badge.succeeded').waitFor();
      await page.getByText('finalize succeeded').waitFor();
      await page.getByText(/As a table/).click();
      await page.getByRole('cell', { name: 'stage-0-0' }).waitFor();
      await page.getByRole('link', { name: 'Clone' }).click();
      await page.getByLabel('stages', { exact: true }).fill('2');
      await page.getByRole('button', { name: 'Create job' }).click();
      await page.waitForURL(/\/ui\/jobs\/job_/);
      await page.locator('.badge.succeeded').waitFor();
      await page.getByLabel('Notes', { exact: true }).fill('kept for the needle');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('link', { name: 'Jobs', exact: true }).click();
      await page.getByLabel('Search names and notes').fill('need');
      await page.waitForURL(/q=need$/);
      await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
      await page.getByRole('checkbox', { name: /^Compare/ }).check();
      await page.getByRole('button', { name: 'Archive 1' }).click();
      await page.getByText('No job matches.').waitFor();
      await page.getByLabel('archived').check();
      await page.getByRole('checkbox', { name: /^Compare/ }).check();
      await page.getByRole('button', { name: 'List again 1' }).click();
      await page.getByRole('link', { name: 'Jobs', exact: true }).click();
      await page.locator('tbody tr').nth(1).waitFor();
      for (const box of await page.getByRole('checkbox', { name: /^Compare/ }).all()) await box.check();
      await page.getByRole('link', { name: 'Compare 2' }).click();
      await page.getByRole('cell', { name: 'method.stages' }).waitFor();
    });
  });

  test('the form starts from uploaded weights, and shows each problem under its field', async () => {
    const file = safetensorsOf(foreignFile(CIFAR_RESNET, { family: 'resnet', depth: 8, width: 4 }));
    const { datasets, weights } = strata.client;
    const bytes = (async function* () {
      yield file;
    })();
    const made = await weights.createWeights(
      { name: 'small', sha256: null, class_names: null },
      await datasets.receiveUpload(bytes),
    );
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/jobs/new`);
      const row = (pointer: string) => page.locator(`[data-pointer="${pointer}"]`);
      const alert = (pointer: string) => row(pointer).getByRole('alert');
      await page.getByText('init from', { exact: true }).click();
      await row('/init_from/weights').getByRole('combobox').selectOption(made.id);
      await row('/init_from/head').getByRole('combobox').selectOption('keep');
      await alert('/init_from/head').waitFor();
      await row('/init_from/head').getByRole('combobox').selectOption('new');
      await alert('/init_from/head').waitFor({ state: 'detached' });
      // A model of an earlier job replaces the weights, and brings its own network.
      await page.locator('summary').getByText('model', { exact: true }).click();
      const [model] = (await strata.client.models.listModels({ limit: 1, order_by: 'created_at' })).data;
      await row('/init_from/model').getByRole('combobox').selectOption(model!.id);
      assert.equal(await row('/init_from/weights').getByRole('combobox').inputValue(), '');
      assert.equal(await row('/model/width').getByRole('textbox').inputValue(), `${model!.network.width}`);
      await row('/init_from/weights').getByRole('combobox').selectOption(made.id);
      const depth = row('/model/depth').getByRole('textbox');
      assert.deepEqual(
        [
          await depth.inputValue(),
          await row('/model/padding').getByRole('combobox').inputValue(),
          await row('/model/width').getByRole('textbox').inputValue(),
        ],
        ['8', 'symmetric', '4'],
      );
      // A closed section opens for its problem.
      await depth.fill('14');
      await alert('/model/depth').waitFor();
      await depth.fill('8');
      await alert('/model/depth').waitFor({ state: 'detached' });
      await page.getByText('more settings', { exact: true }).click();
      const classWeights = row('/class_weights').getByRole('combobox');
      await classWeights.fill('1, -2');
      await alert('/class_weights').waitFor();
      await classWeights.fill('balanced');
      await alert('/class_weights').waitFor({ state: 'detached' });
      await row('/exports').getByRole('combobox').fill('onnx, cifar-resnet');
      await alert('/exports').waitFor();
      await row('/exports').getByRole('combobox').fill('onnx, safetensors');
      await alert('/exports').waitFor({ state: 'detached' });
      await page.getByText('augmentation', { exact: true }).click();
      const mixup = row('/augmentation/mixup').getByRole('textbox');
      await mixup.pressSequentially('0.2');
      assert.equal(await mixup.inputValue(), '0.2');
      await page.getByRole('button', { name: 'Create job' }).click();
      await page.waitForURL(/\/ui\/jobs\/job_/);
    });
    const { data } = await strata.client.jobs.listJobs({ limit: 1 });
    const spec = data[0]?.spec;
    assert.deepEqual(
      [
        spec?.init_from?.weights,
        spec?.init_from?.head,
        spec?.augmentation.mixup,
        spec?.class_weights,
        spec?.exports,
      ],
      [made.id, 'new', 0.2, 'balanced', ['onnx', 'safetensors']],
    );
    await strata.ended(data[0]!.id);
    await weights.deleteWeights(made.id);
  });

  const startApiProcess = (port: string) =>
    startProcess('../test/browser/api-process.ts', [], {
      ...process.env,
      DATABASE_URL: strata.servers.databaseUrl,
      REDIS_URL: strata.servers.redisUrl,
      BLOB_URL: blobUrlOf(strata.servers),
      STRATA_HOME: strata.servers.home,
      DASHBOARD: folder,
      PORT: port,
    });

  test('nine tabs share one stream, and every open page goes on after kill -9 of the API', async (t) => {
    await strata.orders.hold('finalize');
    const { job } = await strata.client.jobs.createJob(smallJob({ name: 'outlives the API' }), {});
    await strata.event(job.id, 'task.started', ({ message }) => message.startsWith('finalize'));
    const api = await startApiProcess('0');
    t.after(() => api.kill());
    const address = api.url ?? assert.fail('the API listens');
    let streams = 0;
    await withBrowser(executable!, async (browser) => {
      browser.on('request', (request) => {
        if (new URL(request.url()).pathname === '/events') streams += 1;
      });
      const open = async (): Promise<Page> => {
        const tab = await browser.newPage();
        await tab.goto(`${address}/ui/jobs/${job.id}`);
        await tab.getByText(/finalize started/).waitFor();
        return tab;
      };
      const tabs = [...(await Promise.all(Array.from({ length: 8 }, open))), await open()];
      assert.equal(streams, 1, 'browsers allow six connections to a server');
      await api.kill();
      await strata.orders.release('finalize');
      await strata.ended(job.id);
      const again = await startApiProcess(new URL(address).port);
      t.after(() => again.kill());
      await Promise.all(tabs.map((tab) => tab.locator('.badge.succeeded').waitFor({ timeout: 120_000 })));
    });
  });

  test('an upload that was cut goes on, its images are shown, and a model is asked where it errs', async () => {
    const images = await imageFolder(['train', 'test'], ['cat', 'dog'], 20);
    const lines = ['file_name,site', ...images.map(({ name }, index) => `${name},site ${index % 2}`)];
    const archive = makeZip([...images, { name: 'metadata.csv', bytes: Buffer.from(lines.join('\n')) }]);
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/datasets`);
      let cut = 0;
      await page.route('**/uploads/*', (route) => {
        const isFirst = route.request().method() === 'PATCH' && cut++ === 0;
        return isFirst ? route.abort() : route.continue();
      });
      await page.getByLabel('Name').fill('pets');
      await page
        .getByLabel('Archive')
        .setInputFiles({ name: 'pets.zip', mimeType: 'application/zip', buffer: archive });
      await page.getByRole('button', { name: 'Upload' }).click();
      await page.waitForURL(/\/ui\/datasets\/dataset_/);
      assert.equal(cut, 2);
      await page.locator('.badge.ready').waitFor();
      await page.locator('#label').selectOption('dog');
      await page.getByText('1 to 20 of 20').waitFor();
      await shownPictures(page, 20);
      await page.getByRole('row', { name: 'cat 20 0 20' }).waitFor();
      await page.getByRole('row', { name: 'site 2 0' }).waitFor();

      const { job } = await strata.client.jobs.createJob(jobSpec({ dataset: 'pets', batch_size: 8 }), {});
      const modelId = (await strata.ended(job.id)).result?.model_id;
      await storePredictions(job.id);
      await page.goto(`${url}/ui/models/${modelId}`);
      await page.getByLabel('Slices by').selectOption('metadata.site');
      const asked = page.waitForRequest((request) => request.method() === 'POST');
      await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
      assert.deepEqual((await asked).postDataJSON().slices, ['metadata.site']);
      await page.getByRole('button', { name: 'dog taken for cat' }).first().click();
      await page.waitForURL(/label=1&predicted=0/);
      await shownPictures(page, 3);
    });
  });

  /** Predictions on the 40 test images of `pets`, 20 of each class: a cat is taken for a dog, and three dogs for cats. */
  async function storePredictions(jobId: string): Promise<void> {
    const labels = Uint16Array.from({ length: 40 }, (_, image) => (image < 20 ? 0 : 1));
    const first = [...labels].map((label, image) => (image === 0 || image > 36 ? 1 - label : label));
    const bytes = encodePredictions({
      labels,
      classes: Uint16Array.from(first.flatMap((index) => [index, 1 - index])),
      probabilities: Float32Array.from(first.flatMap(() => [0.75, 0.25])),
    });
    const { uri, size_bytes: size } = await strata.blobs.put(bytes);
    await strata.sql.query(
      `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
       VALUES ('artifact_predictions', $1, 'predictions/full.safetensors', 'report', 'application/octet-stream', $2, $3)`,
      [jobId, size, uri.slice('sha256:'.length)],
    );
  }

  test('a sweep is followed, two of its models are compared, and one of them gets into production', async () => {
    const rates = { values: [0.001, 0.01, 0.02, 0.05] };
    const { id } = await strata.client.sweeps.createSweep(
      smallSweep({
        name: 'rates',
        space: { '/optimizer/learning_rate': { ...rates }, '/optimizer/momentum': { values: [0.9] } },
        search: { type: 'grid', seed: 1 },
        limits: { device_seconds: 3600 },
      }),
      { checkJob, dryRun: false },
    );
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/sweeps`);
      await page.getByRole('link', { name: 'rates' }).click();
      await page.locator('.badge.succeeded').nth(4).waitFor();
      await showRungs(id);
      await page.reload();
      await page.getByText(/trial 2 with validation_accuracy 0.92/).waitFor();
      assert.equal(await page.locator('svg.axes polyline').count(), 4);
      assert.equal(await page.getByRole('progressbar', { name: 'Budget' }).getAttribute('max'), '3600');
      await page.getByText('0.5 → 0.6').first().waitFor();

      const [first, second] = await promoted('rates');
      await page.goto(`${url}/ui/registry`);
      await page.getByRole('link', { name: 'rates' }).click();
      const promote = async (version: string) => {
        await page.locator('#promoted-version').selectOption(version);
        await page.locator('#promoted-alias').fill('production');
        await page.getByRole('button', { name: 'Promote' }).click();
      };
      await promote('1');
      const waiting = page.getByRole('article').filter({ hasText: 'version 1 to production' });
      await waiting.getByText(/met accuracy of the full network on test of october: at least 90/).waitFor();
      await waiting.getByRole('button', { name: 'Approve' }).click();
      await waiting.getByText('applied').waitFor();
      await page.getByRole('row', { name: /^production 1/ }).waitFor();
      await promote('2');
      await page
        .getByText(/less than 0.9/)
        .first()
        .waitFor();
      await waiting.getByRole('link', { name: 'evaluation' }).click();
      await page.waitForURL(new RegExp(`${first}$`));
      await page.getByText('McNemar').waitFor({ state: 'detached' });
      await page.getByLabel('Compare with').selectOption(second);
      await page.getByText(/McNemar p/).waitFor();
      await page.getByRole('img', { name: 'Accuracy against seconds by threshold' }).waitFor();
    });
  });

  /** Values that the fake trainer does not make. */
  async function showRungs(id: string): Promise<void> {
    const reached = [0.5, 0.6].map((value, order) => ({ value, order }));
    await strata.sql.query(
      `UPDATE sweep_trial SET rungs = '[1, 3]', reached = $2, value = (ARRAY[0.62, 0.81, 0.92, 0.35])[number + 1] WHERE sweep_id = $1`,
      [id, JSON.stringify(reached)],
    );
  }

  /** Evaluations of versions 1 and 2, of which the rule of `production` lets the first one through. */
  async function promoted(name: string): Promise<readonly [string, string]> {
    const { registry } = strata.client;
    const requirement = { dataset: 'october', split: 'test', variant: 'full', metric: 'accuracy' } as const;
    const bounds = { at_least: 0.9, not_worse_than: null, tolerance: 0 };
    const requires = [{ ...requirement, ...bounds }];
    await registry.setAliasRule(name, 'production', { requires, approvals: 1, not_by_author: false });
    const { versions } = await registry.getRegisteredModel(name);
    const idOf = (wanted: number) => versions.find(({ version }) => version === wanted)?.model_id ?? '';
    return [
      await insertEvaluation(strata, { id: idOf(1), name }, 25),
      await insertEvaluation(strata, { id: idOf(2), name }, 7),
    ];
  }

  test('a batch prediction shows how far it is, and is cancelled', async () => {
    const [model] = (await strata.client.models.listModels({ limit: 1, order_by: 'created_at' })).data;
    const id = await insertBatch(strata, model!, '2');
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/batch-predictions`);
      await page.getByRole('link', { name: 'test of october' }).click();
      await page.waitForURL(new RegExp(`${id}$`));
      await page.getByText('900 (60.1 %)').waitFor();
      await page.getByText('There is no result yet.').waitFor();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('cancelled').first().waitFor();
      await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
    });
    await strata.client.batches.deleteBatchPrediction(id);
  });

  /** Gives the model files that are no networks: the fake trainer makes none that could be asked. */
  async function serve(model: string): Promise<void> {
    const { uri } = await strata.blobs.put(Buffer.from('no network'));
    const serving = { full: uri, compact: uri };
    await strata.sql.query('UPDATE model SET serving = $1 WHERE id = $2', [serving, model]);
  }

  test('an evaluation is started with further views of each image, and asked for slices of its images', async () => {
    const { job: made } = await strata.client.jobs.createJob(smallJob({ name: 'sliced' }), {});
    const model = (await strata.ended(made.id)).result?.model_id ?? '';
    const id = await insertEvaluation(strata, { id: model, name: 'sliced' }, 9);
    await serve(model);
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/models/${model}`);
      const field = (label: string) => page.locator('.field').filter({ has: page.getByLabel(label) });
      const views = page.getByLabel('Views of each image');
      await views.selectOption('five-crop');
      await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
      await field('Views of each image').getByRole('alert').getByText('nothing to crop').waitFor();
      assert.equal(await views.getAttribute('aria-invalid'), 'true');
      await views.selectOption('flip');
      const sent = page.waitForRequest((request) => request.method() === 'POST');
      await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
      assert.equal((await sent).postDataJSON().tta, 'flip');
      await page.waitForURL(/\/ui\/evaluations\//);
      await page.getByText('mirrored too').waitFor();

      await strata.orders.hold('finalize');
      const { job } = await strata.client.jobs.createJob(smallJob({ name: 'checked' }), {});
      // Its checkpoints are there until it ends.
      await strata.event(job.id, 'task.started', ({ message }) => message.startsWith('finalize'));
      await page.goto(`${url}/ui/jobs/${job.id}`);
      const checkpoint = page.getByLabel('Weights').getByRole('option').filter({ hasText: 'after round 0' });
      await page.getByLabel('Weights').selectOption(await checkpoint.first().getAttribute('value'));
      await page.getByRole('button', { name: 'Evaluate', exact: true }).click();
      await page.waitForURL(/\/ui\/evaluations\//);
      await page
        .getByRole('heading', { name: /^checked \(after round 0, step \d+\) on test of mnist$/ })
        .waitFor();
      await page.getByRole('link', { name: `${job.id}-` }).click();
      await page.waitForURL(/\/ui\/jobs\//);
      await page.getByRole('cell', { name: /^checked \(after round 0/ }).waitFor();
      await strata.orders.release('finalize');
      await strata.ended(job.id);

      await page.goto(`${url}/ui/evaluations/${id}`);
      await page.getByRole('row', { name: /^north 100 90.00 %/ }).waitFor();
      await page.getByRole('row', { name: /^no value 100/ }).waitFor();
      const add = page.getByRole('button', { name: 'Add the slice' });
      await page.getByLabel('Name of the slice').fill('small digits');
      await page.locator('#slice-classes').selectOption(['0', '1']);
      await add.click();
      await page.getByRole('row', { name: /^small digits 40 / }).waitFor();
      await page.getByLabel('Name of the slice').fill('small digits');
      await field('Name of the slice').getByText('There is a slice of this name').waitFor();
      await page.getByLabel('Name of the slice').fill('the first');
      await page.getByLabel('Images by').selectOption('positions');
      const positions = page.getByLabel('Positions');
      await positions.fill('0 to 9');
      await field('Positions').getByText('Expected positions like').waitFor();
      await positions.fill('0-9, 200');
      await add.click();
      await field('Positions').getByText('The last image is 199.').waitFor();
      await positions.fill('0-9, 199');
      await add.click();
      await page.getByRole('row', { name: /^the first 11 / }).waitFor();
      // The address holds the slices.
      await page.reload();
      await page.getByRole('row', { name: /^the first 11 / }).waitFor();
      await page.getByRole('button', { name: 'Remove small digits' }).click();
      await page.getByRole('row', { name: /^small digits/ }).waitFor({ state: 'detached' });
      await page.getByRole('row', { name: /^the first/ }).waitFor();
    });
  });

  test('pictures are sent in pieces to a batch prediction, from where a break was', async () => {
    const [model] = (await strata.client.models.listModels({ limit: 1, order_by: 'created_at' })).data;
    const { id } = model ?? assert.fail('an earlier test has made it');
    await serve(id);
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/models/${id}`);
      await page.getByLabel('Predict', { exact: true }).selectOption('my files');
      const pictures = ['one.png', 'two.png'].map((name) => ({
        ...{ name, mimeType: 'image/png', buffer: Buffer.from(`no picture ${name}`) },
      }));
      const archive = { name: 'all.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') };
      const files = page.getByLabel('Pictures', { exact: true });
      await files.setInputFiles([...pictures, archive]);
      await page.getByRole('alert').getByText('Choose either one archive or pictures.').waitFor();
      await files.setInputFiles(pictures);
      await page.getByLabel('Format').selectOption('csv');
      await page.getByLabel('Classes for each image').fill('2');
      await page.getByLabel('Allowed unreadable, %').fill('50');
      await page.getByLabel('Cascade threshold').fill('0.9');
      let pieces = 0;
      await page.route('**/uploads/*', (route) => {
        const isFirst = route.request().method() === 'PATCH' && pieces++ === 0;
        return isFirst ? route.abort() : route.continue();
      });
      await page.getByRole('button', { name: 'Predict all' }).click();
      await page.waitForURL(/\/ui\/batch-predictions\/batch_/);
      assert.equal(pieces, 2);
      await page.getByRole('heading', { name: 'Pictures of an upload' }).waitFor();
    });
    const [batch] = (await strata.client.batches.listBatchPredictions({ limit: 1 })).data;
    assert.deepEqual(
      [batch?.input.dataset, batch?.output.format, batch?.top_k, batch?.max_failed_share, batch?.cascade],
      [null, 'csv', 2, 0.5, { threshold: 0.9 }],
    );
    await strata.client.batches.deleteBatchPrediction(batch?.id ?? '');
  });

  test('a job is extended on its page, and the page of its model shows whether it can be made again', async () => {
    const { job } = await strata.client.jobs.createJob(smallJob({ name: 'longer' }), {});
    const { result } = await strata.ended(job.id);
    await inBrowser(async (page) => {
      await page.goto(`${url}/ui/jobs/${job.id}`);
      await page.getByRole('button', { name: 'Extend', exact: true }).click();
      await page.getByLabel('Epochs to add').fill('3');
      const answered = page.waitForResponse(/\/extend$/);
      await page.getByRole('button', { name: 'Extend the job' }).click();
      const answer = await answered;
      assert.equal(answer.status(), 201, await answer.text());
      const longer = await answer.json();
      assert.deepEqual([longer.parent_id, longer.spec.epochs], [job.id, job.spec.epochs + 3]);
      await page.waitForURL(new RegExp(`${longer.id}$`));
      await page.locator('.badge.succeeded').waitFor();

      const model = result?.model_id ?? '';
      await page.goto(`${url}/ui/models/${model}`);
      // The fake trainer has no runtime whose bits could be promised.
      await page.getByRole('button', { name: 'Reproduce' }).click();
      await page.getByRole('alert').getByText('The model cannot be made again').waitFor();
      await insertReproductions(model, [job.id, longer.id]);
      await page.reload();
      const rowOf = (id: string) => page.getByRole('row').filter({ hasText: id });
      await rowOf(job.id).getByText('equal, bit by bit').waitFor();
      await rowOf(longer.id).getByText('2 tensors differ: head/bias, head/kernel').waitFor();
      await rowOf(longer.id).getByText('tasks ran elsewhere').waitFor();
      await rowOf(longer.id).getByRole('link').click();
      await page.waitForURL(new RegExp(`${longer.id}$`));
    });
  });

  /** Two reproductions of a model: the first one is equal. */
  async function insertReproductions(
    model: string,
    [equal, other]: readonly [string, string],
  ): Promise<void> {
    const insert = (id: string, rest: readonly unknown[]) =>
      strata.sql.query(
        `INSERT INTO reproduction (id, tenant, model_id, expected, job_id, equal, tensors, different, reason, finished_at)
         VALUES ($1, 'default', $2, '', $3, $4, $5, $6, $7, now())`,
        [`reproduction_${id.padEnd(24, '0')}`, model, ...rest],
      );
    await insert('1', [equal, true, '[]', 0, null]);
    await insert('2', [other, false, '["head/bias", "head/kernel"]', 2, 'tasks ran elsewhere']);
  }

  test('every view is accessible and fits, wide and narrow, light and dark', async () => {
    const [job] = (await strata.client.jobs.listJobs({ limit: 1 })).data;
    const [model] = (await strata.client.models.listModels({ limit: 1, order_by: 'created_at' })).data;
    const [dataset] = (await strata.client.datasets.listDatasets({ limit: 1 })).data;
    const [sweep] = (await strata.client.sweeps.listSweeps({ limit: 1 })).data;
    const [one, other] = (await strata.client.evaluations.listEvaluations({ limit: 2 })).data;
    const batch = await insertBatch(strata, model!);
    const views = [
      '/ui/batch-predictions',
      `/ui/batch-predictions/${batch}`,
      '/ui/sweeps',
      `/ui/sweeps/${sweep!.id}`,
      '/ui/registry',
      '/ui/registry?name=rates',
      '/ui/evaluations',
      `/ui/evaluations/${one!.id}?with=${other!.id}`,
      '/ui/jobs',
      `/ui/jobs/${job!.id}`,
      `/ui/jobs/new?from=${job!.id}`,
      `/ui/compare?jobs=${job!.id}`,
      '/ui/models',
      `/ui/models/${model!.id}`,
      '/ui/datasets',
      `/ui/datasets/${dataset!.id}`,
      '/ui/datasets/pets',
      '/ui/workers',
      '/ui/settings',
      '/ui/nowhere',
    ];
    const { webhooks } = strata.client;
    const told = await webhooks.createWebhook({ url: 'https://example.com/strata', events: ['job.failed'] });
    await webhooks.testWebhook(told.id);
    const problems: string[] = [];
    await inBrowser(async (page) => {
      for (const view of views) {
        for (const [width, colorScheme] of [[1600, 'light'] as const, [390, 'dark'] as const]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 1000 });
          await page.goto(url + view);
          await page.locator('h1').waitFor();
          await page.getByText('Loading…').waitFor({ state: 'detached' });
          if (view === '/ui/settings') {
            await page.getByRole('button', { name: 'Messages' }).click();
            await page.getByText('webhook.test').first().waitFor();
          }
          const found = await page.evaluate(`${AXE}; axe.run()`);
          const { violations } = found as Awaited<ReturnType<typeof axe.run>>;
          const where = `${view} at ${width}`;
          for (const { id, nodes } of violations) {
            problems.push(`${where}: ${id}, ${nodes[0]?.html}, ${nodes[0]?.failureSummary}`);
          }
          const { scrollWidth, clientWidth } = await page.evaluate(() => ({
            scrollWidth: document.documentElement.scrollWidth,
            clientWidth: document.documentElement.clientWidth,
          }));
          if (scrollWidth > clientWidth) problems.push(`${where}: scrolls sideways`);
        }
      }
    });
    assert.deepEqual(problems, []);
  });

  test('a server with keys asks for one, and forgets it on signing out', async () => {
    const { openKeyOffice } = await import('../../src/jobs/client/keys/key-office.js');
    const office = await openKeyOffice(strata.servers.databaseUrl);
    const key = await office.create({ tenant: 'other', name: 'browser', scopes: ['jobs:read'] });
    await office.close();
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    await inBrowser(async (page) => {
      await page.goto(url);
      await page.getByLabel('API key').fill('strata_wrong_key');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Unknown or revoked API key.').waitFor();
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('No jobs yet').waitFor();
      assert.equal(await page.evaluate(() => document.cookie), '', 'scripts cannot read the session');
      const { job: own } = await strata.service.forTenant('other').jobs.createJob(smallJob(), {});
      await page.goto(`${url}/ui/jobs/${own.id}`);
      await page.locator('.badge.succeeded').waitFor();
      const saving = page.waitForEvent('download');
      await page.getByRole('link', { name: 'report.json' }).click();
      assert.equal((await saving).suggestedFilename(), 'report.json');
      await page.getByRole('link', { name: 'Settings' }).click();
      await page.getByText('Your key has no scope admin').waitFor();
      await page.getByText('Nobody is told yet.').waitFor();
      await page.goto(`${url}/ui/jobs/${job.id}`);
      await page.getByText(`There is no job with the id ${job.id}`).first().waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('API key').waitFor();
    });
  });
});
