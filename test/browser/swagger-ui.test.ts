import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Locator, Page } from 'playwright-core';
import { type Contract, loadContract, type OperationEntry, operationsOf } from '../../src/api/openapi.js';
import type { Artifact, Job } from '../../src/contract/client/jobs.js';
import { FakeClient } from '../api/fake/fake-client.js';
import { buildTestApp, QUICK } from '../api/harness.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

/** The page cannot know ids: the reader types the ones of what is there. Everything else is as the page fills it in. */
const TYPED: Readonly<Record<string, string>> = {
  jobs: 'job_1',
  artifacts: 'art_1',
  models: 'model_1',
  profiles: 'profile_1',
  webhooks: 'webhook_1',
  'webhook-deliveries': 'delivery_1',
  'api-keys': 'key_1',
  weights: 'weights_1',
  workers: 'worker_1',
  sweeps: 'sweep_1',
  evaluations: 'evaluation_1',
  'batch-predictions': 'batch_1',
  promotions: 'promotion_1',
  reproductions: 'reproduction_1',
};

/** The two things that an operation compares. */
const COMPARED: Readonly<Record<string, string>> = {
  compareModels: 'model_1',
  compareEvaluations: 'evaluation_1',
};

/** A busy machine takes long to draw the page anew. */
const PATIENCE_MS = 120_000;

/** Operations that a server without keys refuses: a session stands for a key. */
const NEED_A_KEY = ['createSession'];

/** Operations in the order in which a reader could try them. A tagged model cannot be deleted, a running job not extended. */
function inOrder(entries: OperationEntry[]): OperationEntry[] {
  const rank = ({ method, id }: OperationEntry) => {
    if (id === 'cancelJob') return 2;
    if (id === 'extendJob' || id === 'untagModel') return 3;
    if (method === 'DELETE') return 4;
    return method === 'POST' || method === 'PUT' ? 0 : 1;
  };
  return entries.sort((a, b) => rank(a) - rank(b));
}

test('Swagger UI executes every operation with what the page fills in', { skip }, async () => {
  const client = new FakeClient();
  const app = await buildTestApp(client);
  const folder = await mkdtemp(join(tmpdir(), 'strata-swagger-'));
  const archive = join(folder, 'flowers.zip');
  await writeFile(archive, 'PK');
  await seed(app, client, archive);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    await withBrowser(executable as string, async (browser) => {
      const page = await browser.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${url}/docs`);
      // The page draws all operations of open tags anew at every click, so only one is open.
      for (const tag of tagsOf(loadContract())) await headOf(page, tag).click();
      const answers: Record<string, string> = {};
      for (const entry of inOrder(operationsOf(loadContract()))) {
        // The fake's jobs never end by themselves.
        if (entry.id === 'extendJob') client.jobs.finish('job_1', 'succeeded');
        if (entry.id === 'deleteJob') client.jobs.finish('job_1', 'cancelled');
        const tag = headOf(page, entry.operation.tags[0]);
        await tag.click();
        answers[entry.id] = await execute(page, entry, archive);
        await tag.click();
      }
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
      for (const id of NEED_A_KEY)
        assert.match(answers[id] ?? '', /^400 .*a session begins with an API key/s);
      const refused = Object.entries(answers).filter(
        ([id, answer]) => !/^2\d\d /.test(answer) && !NEED_A_KEY.includes(id),
      );
      assert.deepEqual(refused, []);
      // An empty filter would answer empty lists.
      for (const id of ['listJobs', 'listModels']) assert.doesNotMatch(answers[id] ?? '', /metadata/);
      assert.deepEqual(complaints, []);
    });
  } finally {
    await app.close();
    await rm(folder, { recursive: true });
  }
});

const headOf = (page: Page, tag = '') => page.locator(`.opblock-tag[data-tag="${tag}"]`);
const tagsOf = (contract: Contract) =>
  new Set(operationsOf(contract).map(({ operation }) => operation.tags[0]));

/** One of each thing that an id can name. */
async function seed(app: FastifyInstance, client: FakeClient, path: string): Promise<void> {
  const { id, created_at }: Job = (await app.inject({ method: 'POST', url: '/jobs', payload: QUICK })).json();
  const artifact: Artifact = {
    id: 'art_1',
    object: 'artifact',
    job_id: id,
    name: 'full/model.json',
    kind: 'model',
    media_type: 'application/json',
    size_bytes: 2,
    sha256: createHash('sha256').update('PK').digest('hex'),
    created_at,
    links: { self: '/artifacts/art_1', content: '/artifacts/art_1/content', job: `/jobs/${id}` },
  };
  client.jobs.artifacts.set('art_1', { artifact, path });
}

/** Its status with the address that was asked, or what the page complained of. */
async function execute(page: Page, entry: OperationEntry, archive: string): Promise<string> {
  const block = page.locator(`[id^="operations-"][id$="-${entry.id}"]`);
  await block.locator('.opblock-summary-control').click();
  await fillIn(block, entry, archive);
  // No click on "Try it out": it is on from the start.
  await block.getByRole('button', { name: 'Execute' }).click();
  const live = block.locator('.live-responses-table .response').first();
  const complaint = block.locator('.validation-errors').first();
  await live.or(complaint).first().waitFor();
  const told = (await live.count()) > 0 ? await answerOf(block, live) : await complaint.textContent();
  await block.locator('.opblock-summary-control').click();
  return told ?? '';
}

async function fillIn(block: Locator, { id, path }: OperationEntry, archive: string): Promise<void> {
  const named = TYPED[path.split('/')[1] ?? ''];
  const type = async (name: string, value: string) => {
    const field = block.locator(`tr[data-param-name="${name}"][data-param-in] input`).first();
    if ((await field.count()) > 0 && (await field.inputValue()) === '') await field.fill(value);
  };
  if (path.includes('{id}') && named) await type('id', named);
  const compared = COMPARED[id];
  if (compared) for (const name of ['a', 'b']) await type(name, compared);
  const file = block.locator('input[type=file]');
  if ((await file.count()) > 0) await file.first().setInputFiles(archive);
}

async function answerOf(block: Locator, live: Locator): Promise<string> {
  const status = (await live.locator('.response-col_status').textContent())?.trim().slice(0, 3);
  const address = (await block.locator('.request-url pre').textContent())?.trim() ?? '';
  const said = status?.startsWith('2') ? '' : await live.locator('.response-col_description').textContent();
  return `${status} ${address} ${said ?? ''}`;
}
