import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exec } from '../../src/provision/exec.js';
import { freePort } from '../../src/provision/processes.js';
import { ROOT } from '../../src/service/root.js';
import { ENDED_BATCH, insertEndedBatch } from '../jobs/support/ended-batch.js';
import { smallJob } from '../jobs/support/specs.js';
import { type LiveApi, startLiveApi } from '../support/live-api.js';
import { CuttingProxy } from './cutting-proxy.js';
import { type InstalledPackage, installPackage } from './installed-package.js';

const BEHAVIOURS = fileURLToPath(new URL('behaviours.py', import.meta.url));

describe('strata-train, installed from its wheel', () => {
  let folder: string;
  let installed: InstalledPackage;
  let api: LiveApi;
  let proxy: CuttingProxy;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-train-'));
    [installed, api] = await Promise.all([installPackage(folder), startLiveApi()]);
    proxy = await CuttingProxy.start(api.url);
  });
  after(async () => {
    await proxy?.stop();
    await api?.stop();
    await rm(folder, { recursive: true });
  });

  /** The result of a behaviour of `behaviours.py`. All requests go through the proxy. */
  async function behave(name: string): Promise<unknown> {
    const place = await mkdtemp(join(folder, `${name}-`));
    const facts = { url: `${proxy.url}/`, key: api.apiKey, job: api.jobId, folder: place };
    const { STRATA_URL: _, STRATA_API_KEY: __, ...env } = process.env;
    const given = { ...env, XDG_CACHE_HOME: join(folder, 'cache'), PYTHONDONTWRITEBYTECODE: '1' };
    return JSON.parse(
      await exec(installed.python, [BEHAVIOURS, name, JSON.stringify(facts)], { env: given }),
    );
  }

  test('comes from the wheel, with its types', async () => {
    const { file, typed } = (await behave('where')) as { file: string; typed: boolean };
    assert.ok(file.startsWith(join(folder, 'venv')), file);
    assert.equal(typed, true);
  });

  test('a job whose answer was lost is created once', async () => {
    proxy.cuts.push({ method: 'POST', path: /^\/jobs$/, of: 'response', afterBytes: 1 });
    assert.deepEqual(await behave('creates_once'), { depth: 20, jobs: true });
    assert.equal(proxy.linesOf(/^POST \/jobs$/).length, 2);
  });

  test('the registry says no to a stale etag and past a rule, and a promotion is decided', async () =>
    assert.deepEqual(await behave('registers'), {
      codes: ['alias_changed', 'alias_ruled'],
      states: ['rejected', 'applied'],
      listed: ['applied', 'rejected'],
      holds: true,
    }));

  test('a batch prediction is listed, downloaded and deleted, and pictures are sent for one', async () => {
    const { strata, jobId } = api;
    const { rows } = await strata.sql.query('SELECT id, name FROM model WHERE job_id = $1', [jobId]);
    await insertEndedBatch(strata, rows[0]);
    assert.deepEqual(await behave('batches'), {
      files: [ENDED_BATCH.result, ENDED_BATCH.errors],
      codes: ['model_not_served', 'not_found'],
      // One that has ended stays as it is.
      cancelled: 'succeeded',
      gone: 'not_found',
    });
  });

  test('lists read all pages', async () => assert.equal(await behave('pages'), true));

  for (const name of ['follows', 'follows_async']) {
    test(`${name}: a stream that breaks off goes on after the last event`, async () => {
      proxy.cuts.push({ method: 'GET', path: /\/events$/, of: 'response', afterBytes: 1_500 });
      const before = proxy.linesOf(/\/events$/).length;
      const followed = (await behave(name)) as number[] | { seqs: number[]; last: string; state: string };
      const seqs = Array.isArray(followed) ? followed : followed.seqs;
      assert.ok(seqs.length > 10, `${seqs.length} events`);
      assert.deepEqual(
        seqs,
        seqs.map((_, index) => index + 1),
      );
      if (!Array.isArray(followed))
        assert.deepEqual([followed.last, followed.state], ['job.succeeded', 'succeeded']);
      assert.ok(proxy.linesOf(/\/events$/).length >= before + 2, 'it connected again');
    });
  }

  test('a server that is killed while a job is followed, and started again, is followed to the end', async () => {
    const { strata, apiKey } = api;
    const PORT = String(await freePort());
    const server = await strata.startApi({ PORT });
    const { job } = await strata.client.jobs.createJob(smallJob({ name: 'outlives' }), {});
    const facts = { url: server.url, key: apiKey, job: job.id };
    const child = spawn(installed.python, [BEHAVIOURS, 'outlives_server', JSON.stringify(facts)]);
    const ended = once(child, 'close');
    let printed = '';
    child.stdout.on('data', (bytes: Buffer) => {
      printed += bytes;
    });
    const [first] = (await once(createInterface(child.stderr), 'line')) as [string];
    assert.equal(first, 'job.queued');
    await server.kill();
    // It happens while nobody can tell.
    await strata.client.jobs.cancelJob(job.id, { force: false });
    const again = await strata.startApi({ PORT });
    await ended;
    await again.stop();
    assert.deepEqual(JSON.parse(printed), { types: ['job.queued', 'job.cancelled'], state: 'cancelled' });
  });

  test('waits for the end of a job, or for a given time', async () => {
    assert.deepEqual(await behave('waits_async'), ['timeout', 'cancelled', 'cancelled']);
  });

  test('metrics become a DataFrame', async () => {
    assert.deepEqual(await behave('metrics'), {
      columns: ['name', 'stage', 'unit', 'step', 'value', 'at'],
      types: ['Int64', 'int64', 'float64'],
      rows: 12,
      times: 'UTC',
    });
  });

  test('a notebook shows state, wavefront and curves, as SVG that loads nothing', async () => {
    const { job, metrics } = (await behave('html')) as { job: string; metrics: string };
    assert.match(job, /<b>done<\/b> succeeded, 100%/);
    assert.match(job, /aria-label="Tasks over time, by stage"/);
    assert.match(job, /<title>stage-0-0, attempt 1: succeeded<\/title>/);
    assert.match(metrics, /aria-label="loss by step"/);
    assert.match(metrics, /<polyline points="\d/);
    for (const html of [job, metrics]) assert.doesNotMatch(html, /<script|(?:src|href)=|url\(|NaN/);
  });

  test('errors have code, pointer and remedy', async () => {
    const { refused, codes } = (await behave('errors')) as {
      refused: Record<string, unknown>;
      codes: string[];
    };
    const { text, remedy, ...rest } = refused;
    assert.deepEqual(rest, { code: 'invalid_spec', status: 400, pointer: '/dataset', id: true });
    assert.match(String(text), /^invalid_spec: .*\n {2}\/dataset /);
    assert.ok(String(text).includes(String(remedy)));
    assert.deepEqual(codes, ['not_found', 'invalid_request', 'unauthenticated', 'unreachable']);
  });

  test('downloads keep folders, go on after a break, and check sums', async () => {
    proxy.cuts.push({ method: 'GET', path: /\/content$/, of: 'response', afterBytes: 10 });
    assert.deepEqual(await behave('downloads'), {
      files: ['full/weights.bin', 'report.json'],
      kept: true,
      codes: ['checksum_mismatch', 'checksum_mismatch', 'unsafe_name'],
      left: [],
    });
    assert.deepEqual(
      proxy.seen.map(({ range }) => range).filter((range) => range !== undefined),
      ['bytes=10-'],
    );
  });

  test('an upload goes on where a program was interrupted', async () => {
    assert.deepEqual(await behave('goes_on_with_upload'), { name: 'tulips', first: 16_384, last: true });
  });

  test('images of any kind reach the model, and a busy server is asked again', async () => {
    assert.deepEqual(await behave('predicts'), {
      requests: [1, 1, 5, 2],
      same: true,
      gray: 'L',
      codes: ['invalid_image', 'invalid_image'],
    });
    assert.equal(await behave('refused_prediction'), 'model_not_served');
  });

  test('a job with a worker is followed to its model, a folder becomes a dataset, a bad file says why not', async () => {
    const processes = await Promise.all([api.strata.startDispatcher(), api.strata.startWorker()]);
    try {
      assert.deepEqual(await behave('runs_live'), [
        'job.queued',
        'job.succeeded',
        'succeeded',
        'succeeded',
        'live',
      ]);
      proxy.cuts.push({ method: 'PATCH', path: /^\/uploads\//, of: 'request', afterBytes: 20_000 });
      const { sent, ...dataset } = (await behave('uploads_folder')) as { sent: number[] };
      assert.deepEqual(dataset, { state: 'ready', classes: ['rose', 'tulip'] });
      assert.deepEqual([sent[0], sent[1]], [0, 20_000]);
      assert.equal(await behave('refuses_dataset'), 'archive_unknown');
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
    }
  });

  test('is typed, strictly, for the oldest Python', async () => {
    const env = { ...process.env, PYTHONPATH: installed.packages, PYTHONDONTWRITEBYTECODE: '1' };
    const options = [
      '--config-file',
      join(ROOT, 'python/pyproject.toml'),
      '--cache-dir',
      join(folder, 'mypy'),
    ];
    await exec('python3', ['-m', 'mypy', ...options, join(ROOT, 'python/src')], { env });
  });
});
