import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exec } from '../../src/provision/exec.js';
import { startLiveApi } from '../support/live-api.js';
import { pythonPackages } from '../support/python-packages.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const GENERATE = 'from openapi_python_client.cli import app; app()';

test('a client generated for Python from the same contract creates, follows and fetches a job', async (t) => {
  const api = await startLiveApi();
  t.after(() => api.stop());
  const folder = await mkdtemp(join(tmpdir(), 'strata-python-'));
  t.after(() => rm(folder, { recursive: true }));
  const packages = await pythonPackages('openapi-python-client', here('requirements.txt'));
  // The generator would format its output with a tool that is not installed.
  await writeFile(join(folder, 'config.yaml'), 'post_hooks: []\n');
  const env = { ...process.env, PYTHONPATH: `${packages}:${folder}` };
  const where = ['--config', join(folder, 'config.yaml'), '--output-path', join(folder, 'strata_client')];
  const what = ['generate', '--url', `${api.url}/openapi.json`, '--meta', 'none', ...where];
  await exec('python3', ['-c', GENERATE, ...what], { env });
  const args = [here('use_client.py'), api.url, api.apiKey, api.jobId];
  assert.deepEqual(JSON.parse(await exec('python3', args, { env })), {
    created: 'queued',
    depth: 20,
    cancelled: 'cancelled',
    events: ['job.queued', 'job.cancelled'],
    finished: 'succeeded',
    artifact: 'full/weights.bin',
    refused: 'invalid_spec',
  });
});
